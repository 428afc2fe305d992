import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ordinaryUser } from '../../support/ordinary-user.ts';
import { requires } from '../../support/requirements.ts';
import { withBox } from '../exec/box.ts';

const BUILD = `export default sh('cp /bin/busybox /suid && chmod 4755 /suid');`;

requires(
  'root',
  'busybox',
  'overlay',
  'ordinary-user',
)('the store', () => {
  test('is closed to other users: they cannot run the setuid programs in its layers', () =>
    withBox(BUILD, async (rig) => {
      const state = join(rig.folder, '../state');
      const user = ordinaryUser()!;
      const { status, stderr } = await rig.call(['solve']);
      expect(status, stderr).toBe(0);
      // A store that was open before, in a place that everybody reaches, is closed by the next solve.
      for (const folder of [join(rig.folder, '..'), state]) chmodSync(folder, 0o755);
      expect((await rig.call(['solve'])).status).toBe(0);
      const layer = readdirSync(join(state, 'layers')).find((id) =>
        existsSync(join(state, 'layers', id, 'own/suid')),
      )!;
      const program = join(state, 'layers', layer, 'own/suid');
      expect(statSync(program).mode & 0o7777).toBe(0o4755);
      const as = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '--'];
      const tried = spawnSync('setpriv', [...as, program, 'id', '-u'], { encoding: 'utf8' });
      expect(tried.stdout).toBe('');
      expect(tried.status).not.toBe(0);
      expect(statSync(state).mode & 0o777).toBe(0o700);
    }));
});

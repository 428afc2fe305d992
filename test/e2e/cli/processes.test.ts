import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { copyPrograms, runs } from './programs.ts';
import { withRig } from './rig.ts';

requires('root')('a process', () => {
  test('that fails shows its last lines, where all of them are, and the command', async () => {
    await withRig({ 'build.ts': runs }, async (rig) => {
      copyPrograms(join(rig.folder, 'root'), ['sh', 'sleep']);
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'failing', '--progress', 'quiet']);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /^error: process "sh -c .*" did not complete successfully: exit code: 3\n {3}build\.ts:\d+:\d+\n/,
      );
      expect(stderr).toMatch(/\n {3}output\n {5}\| line 21\n( {5}\| line \d+\n){18} {5}\| line 40\n/);
      const log = /\n {3}log {6}(.*) \(all 40 lines\)\n/.exec(stderr)?.[1] ?? '';
      expect(readFileSync(log, 'utf8')).toMatch(/^line 1\n(line \d+\n){38}line 40\n$/);
    });
  });

  test('is given secrets by id', async () => {
    await withRig({ 'build.ts': runs, token: 'from file' }, async (rig) => {
      copyPrograms(join(rig.folder, 'root'), ['sh', 'cat']);
      const flags = [
        '--secret',
        'id=token,src=token',
        '--secret',
        'id=other,env=OTHER',
        '--progress',
        'plain',
      ];
      const { status, stderr } = await rig.call(['solve', 'build.ts', 'secret', ...flags], {
        env: { OTHER: 'from env' },
      });
      expect([status, stderr]).toEqual([0, expect.stringMatching(/ from file\n(.*\n)*.* from env\n/)]);
    });
  });
});

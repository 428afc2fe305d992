import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { withRig } from '../cli/rig.ts';

const build = `import { Copy, Local, Scratch } from 'llb-ts';
export default Scratch().File(Copy(Local('src', { dir: './src' }), '/', '/'));
`;

requires('root')('a full disk', () => {
  test.each(['OUT', 'type=tar,dest=OUT', 'type=oci,dest=OUT', 'type=docker,dest=OUT'])(
    'leaves nothing behind, and is named: %s',
    async (output) => {
      await withRig({ 'build.ts': build }, async (rig) => {
        mkdirSync(join(rig.folder, 'src'));
        // Bytes that do not compress.
        writeFileSync(join(rig.folder, 'src/large'), randomBytes(3_000_000));
        const disk = join(rig.folder, 'disk');
        mkdirSync(disk);
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
        try {
          const { status, stderr } = await rig.call(['solve', '-o', output.replace('OUT', 'disk/out')]);
          expect([status, stderr]).toEqual([3, expect.stringContaining('no space left on device')]);
          expect(stderr).toContain('free some space there, or export to another place');
          expect(readdirSync(disk)).toEqual([]);
        } finally {
          execFileSync('umount', [disk]);
        }
      });
    },
  );
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { type Rig, withRig } from '../cli/rig.ts';

const BUILD = `
import { Copy, Local, Merge, Mkdir, Mkfile, Scratch } from 'llb-ts';
const copied = Scratch().File(Copy(Local('src'), '/', '/copied/', { createDestPath: true }));
const made = Scratch().File(Mkdir('/d', 0o755)).File(Mkfile('/d/a', 0o644, 'a')).File(Mkfile('/d/b', 0o644, 'b'));
export default Merge(made, copied).File(Mkfile('/c', 0o644, 'c'));
`;
const SOLVE = ['solve', 'build.pb', '--local', 'src=src'];

/** A system call, the error that it ends with, and which of its calls in a process does. */
type Fault = readonly [call: string, error: string, when: number];

/** The number of the calls that Node makes for itself, more or less; after these come ours. */
const OF_NODE = 70;

const FAULTS: readonly Fault[] = [
  ...[1, 5, 12, 20, 27].map((when): Fault => ['mkdir', 'ENOSPC', when]),
  ...[2, 8, 15, 21].map((when): Fault => ['rename', 'EIO', when]),
  ...['EDQUOT', 'EMFILE', 'ENOMEM', 'EIO', 'ENOSPC', 'ESTALE'].flatMap((error, i): Fault[] =>
    [8, 15, 28, 40].map((at) => ['openat', error, OF_NODE + at + i]),
  ),
];

/** The state directory and the output are named, and each run has its own. */
function places(rig: Rig, name: string): { readonly state: string; readonly out: string } {
  return { state: join(rig.folder, `state-${name}`), out: join(rig.folder, `out-${name}`) };
}

function flags({ state, out }: { readonly state: string; readonly out: string }): string[] {
  return [...SOLVE, '--state-dir', state, '-o', `type=local,dest=${out}`];
}

requires('strace')('a system call that fails', () => {
  test('fails the solve in words, without half an output, and leaves a store that works', async () => {
    await withRig({ 'build.ts': BUILD }, async (rig) => {
      mkdirSync(join(rig.folder, 'src'));
      for (const name of ['x', 'y', 'z']) writeFileSync(join(rig.folder, 'src', name), name);
      writeFileSync(join(rig.folder, 'build.pb'), (await rig.call(['marshal'])).bytes);
      const right = places(rig, 'right');
      expect((await rig.call(flags(right))).status).toBe(0);
      const failed = new Map<number, number>();
      for (const [call, error, when] of FAULTS) {
        const name = `${call}-${error}-${when}`;
        const here = places(rig, name);
        const inject = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=${call}:error=${error}:when=${when}`];
        const args = [...inject, process.execPath, llbTsProgram(), ...flags(here)];
        const { status, stderr } = await run('strace', args, { cwd: rig.folder, env: { NO_COLOR: '1' } });
        failed.set(status, (failed.get(status) ?? 0) + 1);
        expect([name, status, stderr.match(/Internal error.*|\n +at .*/)?.[0]]).toEqual([
          name,
          status === 0 ? 0 : 3,
          undefined,
        ]);
        if (status !== 0) expect([name, existsSync(here.out)]).toEqual([name, false]);
        const again = { ...here, out: `${here.out}-again` };
        expect([name, (await rig.call(flags(again))).status]).toEqual([name, 0]);
        execFileSync('diff', ['-r', right.out, again.out]);
        expect([name, readdirSync(join(here.state, 'staging'))]).toEqual([name, []]);
      }
      // Most of the faults hit something that a solve needs.
      expect(failed.get(3)).toBeGreaterThan(FAULTS.length / 2);
    });
  }, 300_000);
});

import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram, requires } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, type Rig, withRig } from '../cli/rig.ts';

const CONTAINERS = 2;
const ROUNDS = 5;

/**
 * Steps that all containers share, steps of one container's own, and a counter in a cache that one step at a time may have: of
 * each it is read, waited, and written.
 */
const BUILD = `
import {
  AddMount, Args, AsPersistentCacheDir, CacheMountLocked, Copy, Local, Merge, Mkfile, Scratch,
} from 'llb-ts';
export default function build(args) {
  const box = Scratch().File(Copy(Local('bin'), '/busybox', '/bin/busybox', { createDestPath: true }));
  const step = (name, script, ...more) => box.Run(Args(['/bin/busybox', 'sh', '-c', script]), ...more).Root();
  const cache = AddMount('/cache', Scratch(), AsPersistentCacheDir('counter', CacheMountLocked));
  const count = 'n=$(/bin/busybox cat /cache/n || echo 0); /bin/busybox sleep 0.02; echo $((n + 1)) > /cache/n; echo ';
  return Merge(
    step('shared', 'echo ' + args.round + ' > /shared'),
    step('own', 'echo ' + args.who + ' > /own'),
    step('counted', count + args.who + args.round + ' > /counted', cache),
    Scratch().File(Mkfile('/made', 0o644, args.round)),
  );
}`;

/** A solve as in a container of its own: with other processes, mounts, shared memory and names of the machine. */
function solveInContainer(rig: Rig, who: string, round: number) {
  const alone = [
    '--mount',
    '--pid',
    '--ipc',
    '--uts',
    '--cgroup',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--',
  ];
  const solve = [process.execPath, llbTsProgram(), 'solve', '--local', 'bin=bin', '--progress', 'plain'];
  const args = ['--arg', `who=${who}`, '--arg', `round=${round}`, '-o', `type=local,dest=${who}-${round}`];
  const { LLB_TS_STATE_DIR } = environmentOf(rig);
  return run('unshare', [...alone, ...solve, ...args], {
    cwd: rig.folder,
    env: { LLB_TS_STATE_DIR, NO_COLOR: '1' },
  });
}

requires(
  'root',
  'overlay',
  'busybox',
)('a store on a volume that containers share', () => {
  test('gives every build its tree, loses no write to a cache, and is left tidy', async () => {
    await withRig({ 'build.ts': BUILD }, async (rig) => {
      mkdirSync(join(rig.folder, 'bin'));
      copyFileSync(findProgram('busybox')!, join(rig.folder, 'bin/busybox'));
      const names = Array.from({ length: CONTAINERS }, (_, i) => `c${i}`);
      for (let round = 0; round < ROUNDS; round++) {
        const results = await Promise.all(names.map((who) => solveInContainer(rig, who, round)));
        for (const [i, { status, stderr }] of results.entries()) {
          expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
          const read = (name: string) => readFileSync(join(rig.folder, `${names[i]}-${round}`, name), 'utf8');
          expect(['shared', 'own', 'counted', 'made'].map(read)).toEqual([
            `${round}\n`,
            `${names[i]}\n`,
            `${names[i]}${round}\n`,
            `${round}`,
          ]);
        }
      }
      const state = join(rig.folder, '../state');
      expect(readdirSync(join(state, 'staging'))).toEqual([]);
      const counters = readdirSync(join(state, 'caches'), { recursive: true, encoding: 'utf8' });
      const found = counters.filter((path) => path.endsWith('/n'));
      expect(found.map((path) => readFileSync(join(state, 'caches', path), 'utf8'))).toEqual([
        `${CONTAINERS * ROUNDS}\n`,
      ]);
    });
  });
});

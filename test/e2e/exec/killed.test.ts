import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { requires, whyMissing } from '../../support/requirements.ts';
import type { Rig } from '../cli/rig.ts';
import { withBox } from './box.ts';
import { leftovers } from './leftovers.ts';
import { type StartedSolve, startSolve, until } from './started.ts';

const KILLS = 20;
const BRANCHES = 4;
const STEPS = 2;

/** Steps side by side that write, sleep, share caches, and leave processes behind that do not care for signals. */
const BUILD = `
const cache = (sharing: llb.CacheMountSharingMode) => AddMount('/cache', Scratch(), llb.AsPersistentCacheDir('log', sharing));
const branch = (round: string, n: number) => {
  let state = box;
  for (let k = 0; k < ${STEPS}; k++) {
    const script = \`trap "" TERM INT HUP; sleep 77 & echo runs; echo \${round} > /f-\${n}-\${k}; echo x >> /cache/log; sleep 0.0\${2 * n}\`;
    state = state.Run(Args(['sh', '-c', script]), cache(n === 0 ? llb.CacheMountLocked : llb.CacheMountShared)).Root();
  }
  return Diff(box, state);
};
export default ({ round }: { round: string }) =>
  Merge(box, ...Array.from({ length: ${BRANCHES} }, (_, n) => branch(round, n)));
`;

requires(
  'root',
  'busybox',
  'overlay',
)('a solve that runs processes and is killed', () => {
  test(
    `leaves nothing in the way ${KILLS} times, and what it had finished is used`,
    { timeout: 300_000 },
    () =>
      withBox(BUILD, async (rig) => {
        const state = join(rig.folder, '../state');
        let reused = 0;
        for (let round = 0; round < KILLS; round++) {
          const flags = ['--arg', `round=${round}`, '--executor', executorOf(round), '--jobs', '4'];
          const solve = startSolve(rig, [...flags, '--progress', 'rawjson']);
          await momentOf(round, solve, state);
          solve.child.kill('SIGKILL');
          await solve.ended;
          const done = stepsIn(solve.log(), 'completed');
          // The kernel needs a moment to end all of it.
          await until(() => processes(rig, solve).length === 0);

          const next = await rig.call(['solve', ...flags, '--progress', 'rawjson', '-o', 'out']);
          expect(next.status, next.stderr).toBe(0);
          const cached = new Set(stepsIn(next.stderr, 'cached'));
          expect(done.filter((name) => !cached.has(name))).toEqual([]);
          reused += done.length;
          const files = readdirSync(join(rig.folder, 'out')).filter((name) => name.startsWith('f-'));
          expect(files).toHaveLength(BRANCHES * STEPS);
          expect(leftovers(rig.folder, solve.pid)).toEqual([]);
          expect(readdirSync(join(state, 'staging'))).toEqual([]);
        }
        // Kills came early, late and in between.
        expect(reused).toBeGreaterThan(KILLS);
        expect(reused).toBeLessThan(KILLS * BRANCHES * STEPS);
      }),
  );
});

/** Processes and mounts; control groups are left to the next solve. */
function processes(rig: Rig, { pid }: StartedSolve): readonly string[] {
  return leftovers(rig.folder, pid).filter((line) => line.startsWith('process'));
}

/** All that are installed, in turn. */
function executorOf(round: number): string {
  const runtimes = (['crun', 'runc'] as const).filter((name) => whyMissing(name) === undefined);
  const all = [...runtimes, 'sandbox'];
  return all[round % all.length] ?? 'sandbox';
}

/** When to kill: a growing time after the first trace on the disk, and then after the first word of a process. */
async function momentOf(round: number, solve: StartedSolve, state: string): Promise<void> {
  const EARLY = 5;
  if (round < EARLY) {
    const staging = join(state, 'staging');
    await until(() => existsSync(staging) && readdirSync(staging).length > 0);
    await sleep(round * 20);
  } else {
    await solve.says(/"logs":/);
    await sleep((round - EARLY) * 25);
  }
}

/** Steps with processes that have ended well, or that did not need to run. */
function stepsIn(log: string, how: 'completed' | 'cached'): readonly string[] {
  const names = new Set<string>();
  for (const line of log.split('\n')) {
    // The last line of a solve that was killed may be cut.
    if (!line.endsWith('}')) continue;
    for (const vertex of (JSON.parse(line) as Status).vertexes ?? []) {
      const isMeant = vertex.name.startsWith('sh -c') && vertex[how] && !vertex.error;
      if (isMeant) names.add(vertex.name);
    }
  }
  return [...names];
}

interface Status {
  readonly vertexes?: readonly {
    readonly name: string;
    readonly completed?: string;
    readonly cached?: boolean;
    readonly error?: string;
  }[];
}

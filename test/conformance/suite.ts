import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Solver } from '../support/solvers.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { check } from './check.ts';
import type { Case } from './load.ts';

/** Each case as a test of one solver; `solverIn` may use the folder, which everybody may read, as long as it lasts. */
export async function conformanceSuite(
  load: (folder: string) => Promise<readonly Case[]>,
  solverIn: (folder: string) => Solver,
  checkOne: typeof check = check,
): Promise<void> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const solver = solverIn(folder);
  const cases = await load(join(folder, 'locals'));
  const bySuite = new Map<string, Case[]>();
  for (const one of cases) bySuite.set(one.suite, [...(bySuite.get(one.suite) ?? []), one]);
  for (const [suite, members] of bySuite) {
    describe.concurrent(`${solver.name}: ${suite}`, () => {
      for (const one of members) {
        test(`${one.name}: ${one.about}`, async () => {
          const { passed, lines } = await checkOne(solver, one);
          expect(passed ? [] : lines).toEqual([]);
        });
      }
    });
  }
}

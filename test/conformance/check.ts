import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageDifferences } from '../support/image-outcome.ts';
import type { Solver } from '../support/solvers.ts';
import { outcomeDifferences } from '../support/tree.ts';
import type { Case } from './load.ts';

export interface Verdict {
  readonly case: Case;
  readonly passed: boolean;
  /** Why it did not pass, or why that was known. */
  readonly lines: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

/** Solves a case and compares what came out with what BuildKit made. */
export async function check(solver: Solver, one: Case): Promise<Verdict> {
  const started = performance.now();
  const got = await solver.solve(one.definition, one.inputs);
  const took = performance.now() - started;
  if (one.expected === undefined) {
    return { case: one, passed: false, lines: ['no expected tree: run `pnpm conformance:update`'], took };
  }
  return verdictOf(solver, one, outcomeDifferences(one.expected, got), took);
}

/** Solves a case to an image and compares that with BuildKit's. */
export async function checkImage(solver: Solver, one: Case): Promise<Verdict> {
  const started = performance.now();
  const got = await solver.image(one.definition, one.inputs);
  const took = performance.now() - started;
  if (one.expectedImage === undefined) {
    return { case: one, passed: false, lines: ['no expected image: run `pnpm conformance:update`'], took };
  }
  return verdictOf(solver, one, imageDifferences(one.expectedImage, got), took);
}

function verdictOf(solver: Solver, one: Case, lines: readonly string[], took: number): Verdict {
  const known = knownDifferences().get(`${solver.name} ${one.suite}/${one.name}`);
  if (known === undefined) return { case: one, passed: lines.length === 0, lines, took };
  return lines.length === 0
    ? { case: one, passed: false, lines: ['is listed in known-differences.txt, but is right'], took }
    : { case: one, passed: true, lines: [`known: ${known}`], took };
}

/** Runs `work` over `items`, at most `width` at once, in order of `items`. */
export async function inParallel<T>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

let known: ReadonlyMap<string, string> | undefined;

/** `solver suite/case` → reason. */
function knownDifferences(): ReadonlyMap<string, string> {
  known ??= new Map(
    readFileSync(join(import.meta.dirname, 'known-differences.txt'), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => {
        const [solver = '', name = '', ...reason] = line.trim().split(/\s+/);
        return [`${solver} ${name}`, reason.join(' ')] as const;
      }),
  );
  return known;
}

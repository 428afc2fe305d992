import fc from 'fast-check';
import type { Outcome } from '../../support/tree.ts';
import { isFailure } from '../../support/tree.ts';
import type { Compare } from './compare.ts';
import { plans } from './generate.ts';
import type { Plan } from './plan.ts';

export interface SearchOptions {
  readonly seed: number;
  readonly count: number;
  /** Stops after this many milliseconds, with what was compared until then. */
  readonly timeLimit: number;
  readonly onPlan?: (done: number) => void;
}

export interface SearchResult {
  readonly compared: number;
  /** Of those, how many BuildKit refused. */
  readonly refused: number;
  readonly found:
    | { readonly plan: Plan; readonly expected: Outcome; readonly differences: readonly string[] }
    | undefined;
}

/** Compares random plans until one differs; that one is made as small as it can be while it still differs. */
export async function search(compare: Compare, options: SearchOptions): Promise<SearchResult> {
  let compared = 0;
  let refused = 0;
  let last: SearchResult['found'];
  const agrees = async (plan: Plan): Promise<boolean> => {
    const { expected, differences } = await compare(plan);
    if (differences.length > 0) last = { plan, expected, differences };
    if (last !== undefined) return differences.length === 0;
    compared++;
    if (isFailure(expected)) refused++;
    options.onPlan?.(compared);
    return true;
  };
  const details = await fc.check(fc.asyncProperty(plans(), agrees), {
    seed: options.seed,
    numRuns: options.count,
    interruptAfterTimeLimit: options.timeLimit,
    // Plans that BuildKit would not live through differ by what `safe.ts` made of them; no run is skipped.
    markInterruptAsFailure: false,
  });
  if (details.errorInstance instanceof Error && last === undefined) throw details.errorInstance;
  return { compared, refused, found: last };
}

import { buildctl, llbTs, type Solver } from '../../support/solvers.ts';
import { isFailure, type Outcome, outcomeDifferences } from '../../support/tree.ts';
import { definitionOf } from '../load.ts';
import { stateOf } from './build.ts';
import type { Plan } from './plan.ts';

export interface Comparison {
  readonly expected: Outcome;
  /** Empty: both made the same. */
  readonly differences: readonly string[];
}

/** Solves the same plan on both sides. */
export type Compare = (plan: Plan) => Promise<Comparison>;

/**
 * `stateDir`: the store of our side, kept from plan to plan so that what is cached takes part; undefined: a fresh store.
 */
export function comparing(stateDir?: string): Compare {
  const ours = llbTs(stateDir === undefined ? {} : { stateDir });
  const reference = buildctl(undefined, ['--no-cache']);
  return async (plan) => {
    const definition = await definitionOf(stateOf(plan));
    const [expected, got] = await Promise.all([solve(reference, definition), ours.solve(definition)]);
    return { expected, differences: outcomeDifferences(expected, got) };
  };
}

/** A daemon that is gone fails every solve; that must not pass for agreement. */
async function solve(reference: Solver, definition: Uint8Array): Promise<Outcome> {
  const outcome = await reference.solve(definition);
  if (
    isFailure(outcome) &&
    /connection (refused|reset)|transport|no such host|EOF|Unavailable/.test(outcome.error)
  ) {
    throw new Error(`the reference BuildKit does not answer any more: ${outcome.error}`);
  }
  return outcome;
}

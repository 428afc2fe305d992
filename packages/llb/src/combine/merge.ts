import { type Caller, callSiteOf } from '../base/call-site.ts';
import { requireState } from '../graph/brand.ts';
import type { Constraints, Output } from '../graph/graph.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption, noConstraints } from '../graph/option.ts';
import { Scratch, type State } from '../state/state.ts';

/**
 * States laid over each other, lowest first: what a later one has or deletes wins. The values (variables, directory, …)
 * are those of the first State that is not scratch. Scratch has no effect; one State alone is itself.
 *
 * ```ts
 * Merge(base, tools, app)
 * Merge([base, ...plugins], WithCustomName('assemble'))
 * ```
 */
export function Merge(...states: readonly State[]): State;
export function Merge(states: readonly State[], ...options: readonly (ConstraintsOpt | NoOption)[]): State;
export function Merge(...args: readonly unknown[]): State {
  const at: Caller = Merge;
  const [first, ...rest] = args;
  if (Array.isArray(first)) return mergeStates(at, first, constraintsOf(at, rest));
  return mergeStates(at, args, noConstraints);
}

/** @internal */
export function mergeStates(at: Caller, states: readonly unknown[], constraints: Constraints): State {
  const inputs: Output[] = [];
  let lowest: State | undefined;
  for (const [index, state] of states.entries()) {
    const output = requireState(at, `input ${index + 1}`, state).Output();
    if (!output) continue;
    lowest ??= state as State;
    inputs.push(output);
  }
  if (!lowest) return Scratch();
  if (inputs.length === 1) return lowest;
  const vertex = Object.freeze({
    kind: 'merge',
    inputs: Object.freeze(inputs),
    constraints,
    callSite: callSiteOf(at),
  } as const);
  return lowest.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
}

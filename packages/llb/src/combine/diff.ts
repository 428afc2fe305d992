import { type Caller, callSiteOf } from '../base/call-site.ts';
import { requireState } from '../graph/brand.ts';
import type { Constraints } from '../graph/graph.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption } from '../graph/option.ts';
import { Scratch, type State } from '../state/state.ts';

/**
 * The change from `lower` to `upper`, deletions included: `Merge(lower, Diff(lower, upper))` is `upper`.
 * Values are those of `lower`; over scratch it is `upper` itself.
 *
 * ```ts
 * const patch = Diff(base, base.Run(Shlex('make install')).Root())
 * Merge(otherBase, patch)
 * ```
 */
export function Diff(lower: State, upper: State, ...options: readonly (ConstraintsOpt | NoOption)[]): State {
  return diffStates(Diff, lower, upper, constraintsOf(Diff, options));
}

/** @internal */
export function diffStates(at: Caller, lower: State, upper: State, constraints: Constraints): State {
  const from = requireState(at, 'the lower state', lower).Output();
  const to = requireState(at, 'the upper state', upper).Output();
  if (!from) return to ? upper : Scratch();
  const vertex = Object.freeze({
    kind: 'diff',
    lower: from,
    upper: to,
    constraints,
    callSite: callSiteOf(at),
  } as const);
  return lower.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
}

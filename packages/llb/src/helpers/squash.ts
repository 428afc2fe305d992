import type { Caller } from '../base/call-site.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption } from '../graph/option.ts';
import type { State } from '../state/state.ts';
import { copyInto } from './copy-into.ts';

/**
 * The same files as one layer: nothing of what was overwritten or deleted on the way is left, and nothing of it deletes
 * when it is merged over something else. Values stay. The whole content is copied, so it costs time and space.
 *
 * ```ts
 * Merge(base, Squash(Diff(base, built)))  // what was added, without what was deleted
 * ```
 */
export function Squash(state: State, ...options: readonly (ConstraintsOpt | NoOption)[]): State {
  const at: Caller = Squash;
  return copyInto(at, state, '/', constraintsOf(at, options));
}

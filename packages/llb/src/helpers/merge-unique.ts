import type { Caller } from '../base/call-site.ts';
import { diffStates } from '../combine/diff.ts';
import { mergeStates } from '../combine/merge.ts';
import { requireState } from '../graph/brand.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption, noConstraints } from '../graph/option.ts';
import { NewState, type State } from '../state/state.ts';
import { ancestorsOf, Identities } from './ancestors.ts';

/**
 * {@link Merge} with what the states have in common taken once. Of each state only what was added since the nearest
 * ancestor that is in the merge already is laid over the others, by `Diff`; so a base that several states were built on
 * neither comes twice nor hides what an earlier state changed in it.
 *
 * ```ts
 * const tools = MergeUnique(base.Run(Shlex('apk add git')).Root(), base.Run(Shlex('apk add make')).Root())
 * // Merge(base + git, Diff(base, base + make))
 * ```
 */
export function MergeUnique(...states: readonly State[]): State;
export function MergeUnique(
  states: readonly State[],
  ...options: readonly (ConstraintsOpt | NoOption)[]
): State;
export function MergeUnique(...args: readonly unknown[]): State {
  const at: Caller = MergeUnique;
  const [first, ...rest] = args;
  if (Array.isArray(first)) return mergeUnique(at, first, constraintsOf(at, rest));
  return mergeUnique(at, args, noConstraints);
}

function mergeUnique(at: Caller, states: readonly unknown[], constraints: typeof noConstraints): State {
  const identities = new Identities();
  const merged = new Set<string>();
  const parts: State[] = [];
  for (const [index, value] of states.entries()) {
    const output = requireState(at, `input ${index + 1}`, value).Output();
    if (!output) continue;
    const state = value as State;
    const chain = ancestorsOf(output);
    const shared = chain.findIndex((ancestor) => merged.has(identities.of(ancestor)));
    for (const ancestor of chain) merged.add(identities.of(ancestor));
    if (shared === 0) continue;
    const base = shared < 0 ? undefined : chain[shared];
    parts.push(base ? diffStates(at, NewState(base), state, noConstraints) : state);
  }
  return mergeStates(at, parts, constraints);
}

import { requireState } from '../brand.ts';
import { type Caller, callSiteOf } from '../call-site.ts';
import { bindActions, Copy } from '../file/file-action.ts';
import type { Constraints } from '../graph.ts';
import { Scratch, type State } from '../state.ts';

/** What is at `path` in `state`, copied into an empty filesystem; an empty state stays as it is. */
export function copyInto(at: Caller, state: State, path: string, constraints: Constraints): State {
  if (!requireState(at, 'the state', state).Output()) return state;
  const copy = Copy(state, path, '/', { copyDirContentsOnly: true });
  const vertex = Object.freeze({
    kind: 'file',
    actions: bindActions(at, copy, Scratch()),
    constraints,
    callSite: callSiteOf(at),
  } as const);
  return state.WithOutput(Object.freeze({ kind: 'result', vertex, index: 0 }));
}

import { type Caller, callSiteOf } from '../base/call-site.ts';
import { bindActions, Copy } from '../file/file-action.ts';
import { requireState } from '../graph/brand.ts';
import type { Constraints } from '../graph/graph.ts';
import { Scratch, type State } from '../state/state.ts';

/** The content of `path` in `state`, copied into an empty filesystem; an empty state stays as it is. */
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

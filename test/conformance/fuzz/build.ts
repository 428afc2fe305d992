import { Diff, Merge, Scratch, type State } from 'llb-ts';
import {
  chain,
  copy,
  dir,
  file,
  LATER,
  link,
  rm,
  SECOND,
  type Step,
  WITH_NANOSECONDS,
} from '../vocabulary.ts';
import type { Plan, PlannedAction, PlannedState, PlannedTime, Reference } from './plan.ts';

/** The state that a plan describes. */
export function stateOf(plan: Plan): State {
  const states: State[] = [];
  for (const planned of plan) states.push(oneState(planned, (at) => (at < 0 ? Scratch() : states[at]!)));
  return states.at(-1) ?? Scratch();
}

function oneState(planned: PlannedState, state: (at: Reference) => State): State {
  switch (planned.kind) {
    case 'file':
      return state(planned.base).File(chain(planned.actions.map((action) => stepOf(action, state))));
    case 'merge':
      return Merge(planned.inputs.map(state));
    case 'diff':
      return Diff(state(planned.lower), state(planned.upper));
  }
}

function stepOf(action: PlannedAction, state: (at: Reference) => State): Step {
  switch (action.kind) {
    case 'mkfile': {
      const { path, content, mode, time } = action;
      return file(path, content, { mode, ...timeOf(time), ...ownerOf(action) });
    }
    case 'mkdir':
      return dir(action.path, { mode: action.mode, ...timeOf(action.time), ...ownerOf(action) });
    case 'rm':
      return rm(action.path, { allowNotFound: action.allowNotFound, allowWildcard: action.allowWildcard });
    case 'symlink':
      return link(action.target, action.path, ownerOf(action));
    case 'copy':
      return copy(state(action.from), action.src, action.dest, {
        copyDirContentsOnly: action.contents,
        createDestPath: action.createDestPath,
        alwaysReplaceExistingDestPaths: action.replace,
        followSymlinks: action.followSymlinks,
        allowWildcard: action.allowWildcard,
        ...(action.include && { includePatterns: action.include }),
        ...(action.exclude && { excludePatterns: action.exclude }),
        ...(action.required && { requiredPaths: action.required }),
        ...(action.allowEmptyWildcard && { allowEmptyWildcard: true }),
        ...(action.mode !== undefined && { mode: action.mode }),
        ...(action.time !== undefined && action.time !== 'now' && { createdTime: TIMES[action.time] }),
        ...ownerOf(action),
      });
  }
}

const TIMES = { second: SECOND, nanoseconds: WITH_NANOSECONDS, later: LATER, now: 'now' } as const;

function timeOf(time: PlannedTime): { readonly time: bigint | 'now' } {
  return { time: TIMES[time] };
}

function ownerOf({ chown }: { readonly chown?: string }): { readonly chown?: string } {
  return chown === undefined ? {} : { chown };
}

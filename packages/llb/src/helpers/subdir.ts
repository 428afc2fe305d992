import type { Caller } from '../base/call-site.ts';
import { text } from '../base/check.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption } from '../graph/option.ts';
import type { State } from '../state/state.ts';
import { copyInto } from './copy-into.ts';

/**
 * A folder of a state as a filesystem of its own. BuildKit's merge and diff take whole filesystems only, so this is how to
 * merge a folder. A relative path is below the directory of the state. The folder is copied.
 *
 * ```ts
 * Merge(base, Subdir(built, '/out'))
 * ```
 */
export function Subdir(
  state: State,
  path: string,
  ...options: readonly (ConstraintsOpt | NoOption)[]
): State {
  const at: Caller = Subdir;
  return copyInto(at, state, text(at, 'the path', path), constraintsOf(at, options));
}

import type { Draft } from '../../layer/draft.ts';
import { componentsOf, join } from '../../name/bytes.ts';
import { pathFailure } from './failure.ts';
import type { Owner } from './owner.ts';
import type { Timestamp } from './timestamp.ts';

export interface DirectoryOptions {
  /** Permission bits. A setgid bit comes from the parent directory only, as the kernel does it. */
  readonly mode: number;
  readonly owner: Owner | undefined;
  readonly timestamp: Timestamp;
}

/**
 * Makes a directory and its missing parents, all alike; what is there stays as it is. Each gets its times when it is
 * made, so that only the deepest keeps them.
 *
 * @param path resolved
 * @returns what was made, outermost first
 */
export function makeDirectories(draft: Draft, path: string, options: DirectoryOptions): readonly string[] {
  const missing: string[] = [];
  // From the top: below what is missing nothing needs to be looked for.
  let at = '/';
  for (const name of componentsOf(path)) {
    at = join(at, name);
    const entry = missing.length === 0 ? draft.lookup(at) : undefined;
    if (entry && entry.stat.type !== 'dir') throw pathFailure('mkdir', at, 'ENOTDIR');
    if (!entry) missing.push(at);
  }
  for (const directory of missing) makeDirectory(draft, directory, options);
  return missing;
}

/** Makes one directory whose parent is there. */
export function makeDirectory(
  draft: Draft,
  path: string,
  { mode, owner, timestamp }: DirectoryOptions,
): void {
  draft.makeDirectory(path, mode);
  if (owner) draft.setOwner(path, owner.uid, owner.gid);
  if (timestamp !== undefined) draft.setTimes(path, timestamp, timestamp);
}

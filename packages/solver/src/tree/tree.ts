import type { Entry } from '../name/entry.ts';

/**
 * A filesystem tree to look at: a folder, a chain of layers, a draft with what lies below it.
 *
 * Paths are clean absolute byte strings (`/`, `/usr/bin`). No lookup follows a symbolic link, neither at the end nor on
 * the way: a path through a link (or a file) finds nothing. Resolve first (`resolve.ts`). A tree never changes while it
 * is looked at, except a draft by its owner.
 */
export interface Tree {
  /** The entry at `path`, or undefined. The root is always there. */
  lookup(path: string): Entry | undefined;
  /** Names in the directory at `path`, in byte order; empty when there is no directory. */
  list(path: string): readonly string[];
}

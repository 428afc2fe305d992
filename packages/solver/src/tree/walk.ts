import { join } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import type { Tree } from './tree.ts';

export interface WalkedEntry {
  readonly path: string;
  readonly entry: Entry;
}

/**
 * Everything below a directory, itself not: each directory before what it holds, names in byte order (Go's
 * `filepath.Walk`). Directories that `enter` refuses are given, but not what is in them.
 */
export function* walkBelow(
  tree: Tree,
  directory: string,
  enter: (walked: WalkedEntry) => boolean = () => true,
): Generator<WalkedEntry> {
  // A stack of our own: a tree may be thousands of directories deep.
  const pending: Iterator<string>[] = [pathsIn(tree, directory)];
  while (pending.length > 0) {
    const next = pending.at(-1)!.next();
    if (next.done) {
      pending.pop();
      continue;
    }
    const entry = tree.lookup(next.value);
    if (!entry) continue;
    const walked = { path: next.value, entry };
    yield walked;
    if (entry.stat.type === 'dir' && enter(walked)) pending.push(pathsIn(tree, next.value));
  }
}

function* pathsIn(tree: Tree, directory: string): Generator<string> {
  for (const name of tree.list(directory)) yield join(directory, name);
}

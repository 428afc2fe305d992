import { join } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import type { Tree } from '../../tree/tree.ts';

/** An entry on the way through a directory. */
export interface WalkedEntry {
  /** Byte string relative to the directory, without leading slash. */
  readonly path: string;
  readonly entry: Entry;
}

/** Everything below `root`, a directory before its content, names in byte order; the root itself is left out. */
export function* walk(tree: Tree, root: string): Generator<WalkedEntry> {
  const prefix = root === '/' ? 1 : root.length + 1;
  // A stack of what is still to come, next one last: trees may be deeper than calls.
  const pending = children(tree, root);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const entry = tree.lookup(path);
    if (!entry) continue;
    yield { path: path.slice(prefix), entry };
    if (entry.stat.type === 'dir') pending.push(...children(tree, path));
  }
}

function children(tree: Tree, directory: string): string[] {
  return tree
    .list(directory)
    .map((name) => join(directory, name))
    .reverse();
}

/** Remembers the first name of each file that has several, so that the others become hard links. */
export class LinkNames {
  readonly #first = new Map<string, string>();

  /**
   * The name that the same file had before, or undefined for a file with one name, a directory or a new file, which is
   * remembered. Names are links only within one layer: layers share inodes for speed (see {@link Entry.source}).
   */
  linkTo(path: string, { stat, source }: Entry): string | undefined {
    if (stat.nlink < 2 || stat.type === 'dir') return undefined;
    const key = `${stat.ino}:${stat.dev}:${source}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, path);
    return first;
  }
}

import { readlink } from '../host/files.ts';
import { componentsOf, join, parentOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import type { Tree } from './tree.ts';

/** The place that a path leads to when links are followed. */
export type Location =
  | { readonly kind: 'found'; readonly path: string; readonly entry: Entry }
  /** Nothing has this name, but its directory is there. */
  | { readonly kind: 'missing'; readonly path: string }
  /** Something on the way is missing, no directory, or a circle of links. */
  | { readonly kind: 'failed'; readonly code: 'ENOENT' | 'ENOTDIR' | 'ELOOP' }
  /** A link leads out of the tree: to `target`, an absolute path of this machine, where one can be told. */
  | { readonly kind: 'outside'; readonly target: string | undefined };

export interface LocateOptions {
  /** Follow a link in the last component too. */
  readonly follow: boolean;
  /**
   * Clean absolute path of a directory that is the root for absolute links and that `..` does not leave, as after
   * `chroot`. Without it a link is followed as the kernel follows it in a folder that is not its root: out of it.
   */
  readonly jail?: string;
  /** Directory of the tree from which `path` is counted. Default: the jail. */
  readonly from?: string;
  /** More links than this are a circle. Default: 40, the kernel's. */
  readonly maxLinks?: number;
}

/** Follows `path` (clean, absolute, counted from the jail) through a tree as the kernel would. */
export function locate(tree: Tree, path: string, options: LocateOptions): Location {
  const { follow, jail, maxLinks = 40 } = options;
  const root = jail ?? '/';
  const pending = componentsOf(path).reverse();
  let at = options.from ?? root;
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (at === root && jail === undefined) return { kind: 'outside', target: undefined };
      if (at !== root) at = parentOf(at);
      continue;
    }
    const next = join(at, name);
    const entry = tree.lookup(next);
    const last = pending.length === 0;
    if (!entry) return last ? { kind: 'missing', path: next } : { kind: 'failed', code: 'ENOENT' };
    if (entry.stat.type === 'symlink' && (!last || follow)) {
      if (++links > maxLinks) return { kind: 'failed', code: 'ELOOP' };
      const target = readlink(entry.hostPath);
      if (target.startsWith('/')) {
        if (jail === undefined) return { kind: 'outside', target: [target, ...pending.reverse()].join('/') };
        at = root;
      }
      pending.push(...target.split('/').reverse());
      continue;
    }
    if (last) return { kind: 'found', path: next, entry };
    if (entry.stat.type !== 'dir') return { kind: 'failed', code: 'ENOTDIR' };
    at = next;
  }
  const entry = tree.lookup(at);
  return entry ? { kind: 'found', path: at, entry } : { kind: 'missing', path: at };
}

import { lstat, readdir } from '../host/files.ts';
import { parentOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import type { Tree } from './tree.ts';

export interface FolderTreeOptions {
  /** Nothing in it changes any more, as in a stored layer: a directory that was met is not asked again. Default: false. */
  readonly isFixed?: boolean;
}

/**
 * A plain folder as a tree; `root` is an absolute byte string.
 *
 * This is the way to look at a path below a folder with foreign content: the kernel would follow a link on the
 * way, out of the folder and into the host. Here each directory on the way is looked at first.
 */
export class FolderTree implements Tree {
  readonly #root: string;
  readonly #isFixed: boolean;
  /** True if a path is a directory that no link leads to. */
  readonly #directories = new Map<string, boolean>([['/', true]]);

  constructor(root: string, { isFixed = false }: FolderTreeOptions = {}) {
    this.#root = root;
    this.#isFixed = isFixed;
  }

  lookup(path: string): Entry | undefined {
    if (!this.#isDirectory(parentOf(path))) return undefined;
    const hostPath = path === '/' ? this.#root : this.#root + path;
    const stat = lstat(hostPath);
    return stat && { stat, hostPath, source: this.#root };
  }

  list(path: string): readonly string[] {
    const entry = this.lookup(path);
    return entry?.stat.type === 'dir' ? readdir(entry.hostPath) : [];
  }

  #isDirectory(path: string): boolean {
    if (path === '/') return true;
    const known = this.#isFixed ? this.#directories.get(path) : undefined;
    if (known !== undefined) return known;
    const found = this.#isDirectory(parentOf(path)) && lstat(this.#root + path)?.type === 'dir';
    if (this.#isFixed) this.#directories.set(path, found);
    return found;
  }
}

import { lstat, readdir } from '../host/files.ts';
import type { Entry } from './entry.ts';
import type { Tree } from './tree.ts';

/** A plain folder as a tree; `root` is an absolute byte string. */
export class FolderTree implements Tree {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  lookup(path: string): Entry | undefined {
    // The kernel would follow a link on the way; a tree does not.
    for (let cut = path.indexOf('/', 1); cut > 0; cut = path.indexOf('/', cut + 1)) {
      if (lstat(this.#root + path.slice(0, cut))?.type !== 'dir') return undefined;
    }
    const hostPath = path === '/' ? this.#root : this.#root + path;
    const stat = lstat(hostPath);
    return stat && { stat, hostPath, source: this.#root };
  }

  list(path: string): readonly string[] {
    const entry = this.lookup(path);
    return entry?.stat.type === 'dir' ? readdir(entry.hostPath) : [];
  }
}

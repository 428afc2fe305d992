import { stepFailure } from '../error/error.ts';
import { clean, parentOf, textOf } from '../name/bytes.ts';
import { followLinks } from './unpack-symlinks.ts';

/** The entry at one path of a layer folder that is being filled. */
export type ModelEntry =
  | { readonly kind: 'dir' }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'file'; readonly size: number }
  /** A device 0:0: in a layer on a base, it removes the name. */
  | { readonly kind: 'whiteout' }
  | { readonly kind: 'node' };

/**
 * The content of a layer folder as it is unpacked, in memory: the folder starts empty and only we change it, so nothing
 * about it has to be asked from the disk. Paths are clean absolute byte strings, `/` being the folder.
 */
export class UnpackModel implements Iterable<readonly [string, ModelEntry]> {
  readonly #entries = new Map<string, ModelEntry>([['/', { kind: 'dir' }]]);

  get(path: string): ModelEntry | undefined {
    return this.#entries.get(path);
  }

  set(path: string, entry: ModelEntry): void {
    this.#entries.set(path, entry);
  }

  isDirectory(path: string): boolean {
    return this.#entries.get(path)?.kind === 'dir';
  }

  /** Forgets a path and all below it; returns what was there. */
  remove(path: string): readonly (readonly [string, ModelEntry])[] {
    const entry = this.#entries.get(path);
    if (!entry) return [];
    const gone = [[path, entry] as const, ...(entry.kind === 'dir' ? this.below(path) : [])];
    for (const [one] of gone) this.#entries.delete(one);
    return gone;
  }

  /** Everything below a directory, each directory before its content. */
  below(path: string): readonly (readonly [string, ModelEntry])[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#entries]
      .filter(([one]) => one !== '/' && one.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  [Symbol.iterator](): Iterator<readonly [string, ModelEntry]> {
    return this.#entries[Symbol.iterator]();
  }

  /** The path without links, inside the folder. Fails where the path goes through something that is no directory. */
  resolve(path: string): string {
    const asCleaned = clean(path);
    if (this.isDirectory(asCleaned) && !path.includes('..')) return asCleaned;
    return followLinks(path, (candidate) => {
      const entry = this.#entries.get(candidate);
      if (entry) return entry.kind === 'symlink' ? entry.target : undefined;
      this.#checkAbove(candidate);
      return undefined;
    });
  }

  #checkAbove(path: string): void {
    for (let parent = parentOf(path); ; parent = parentOf(parent)) {
      const above = this.#entries.get(parent);
      if (above?.kind === 'dir') return;
      if (above) throw stepFailure(`failed to get root path: lstat ${textOf(path)}: not a directory`);
    }
  }
}

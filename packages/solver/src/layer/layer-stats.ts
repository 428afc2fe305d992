import { lstat } from '../host/files.ts';
import { join } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';

/** No more than this is remembered: about 40 MB. */
const MOST = 100_000;

/**
 * The answers of `lstat` for entries in stored layers. Layers never change, and one build looks at most of their files several
 * times: for the cache key, for the copy, for the diff.
 */
export class LayerStats {
  /** By folder, then by name: a short name is found faster than a long path. */
  readonly #folders = new Map<string, Map<string, EntryStat>>();
  #count = 0;

  /** `lstat` of what a folder of a stored layer holds, from memory where it was asked before. */
  lstat(folder: string, name: string): EntryStat | undefined {
    let known = this.#folders.get(folder);
    const remembered = known?.get(name);
    if (remembered) return remembered;
    const stat = lstat(join(folder, name));
    if (!stat || this.#count >= MOST) return stat;
    if (!known) {
      known = new Map();
      this.#folders.set(folder, known);
    }
    known.set(name, stat);
    this.#count++;
    return stat;
  }
}

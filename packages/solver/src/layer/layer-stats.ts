import { lstat } from '../host/files.ts';
import type { EntryStat } from '../tree/entry.ts';

/** No more than this is remembered: about 40 MB. */
const MOST = 100_000;

/**
 * What `lstat` says of entries in stored layers. Layers never change, and one build looks at most of their files several
 * times: for the cache key, for the copy, for the diff.
 */
export class LayerStats {
  readonly #known = new Map<string, EntryStat>();

  /** `lstat` of a path in a stored layer, from memory where it was asked before. */
  lstat(hostPath: string): EntryStat | undefined {
    let stat = this.#known.get(hostPath);
    if (!stat) {
      stat = lstat(hostPath);
      if (stat && this.#known.size < MOST) this.#known.set(hostPath, stat);
    }
    return stat;
  }
}

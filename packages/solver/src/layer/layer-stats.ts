import { lstat, readdirTyped } from '../host/files.ts';
import { join } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';

/** No more than this is remembered: about 40 MB. */
const MOST = 100_000;
/** A folder that did not have so many names is listed: on a long chain every lookup asks every layer. */
const MISSES_BEFORE_LISTING = 8;
/** A longer name cannot be anywhere: the kernel says so in its own words. */
const LONGEST_NAME = 255;

interface KnownFolder {
  readonly entries: Map<string, EntryStat>;
  misses: number;
  /** All names in it, once it was listed. */
  names?: ReadonlySet<string>;
}

/**
 * The answers of `lstat` for entries in stored layers. Layers never change, and one build looks at most of their files several
 * times: for the cache key, for the copy, for the diff.
 */
export class LayerStats {
  /** By folder, then by name: a short name is found faster than a long path. */
  readonly #folders = new Map<string, KnownFolder>();
  #count = 0;

  /** `lstat` of what a directory of a stored layer holds, from memory where it was asked before. */
  lstat(folder: string, name: string): EntryStat | undefined {
    const known = this.#folders.get(folder);
    const remembered = known?.entries.get(name);
    if (remembered) return remembered;
    if (known?.names && !known.names.has(name) && name.length <= LONGEST_NAME) return undefined;
    const stat = lstat(join(folder, name));
    if (this.#count < MOST) this.#remember(folder, name, stat);
    return stat;
  }

  #remember(folder: string, name: string, stat: EntryStat | undefined): void {
    let known = this.#folders.get(folder);
    if (!known) {
      known = { entries: new Map(), misses: 0 };
      this.#folders.set(folder, known);
      this.#count++;
    }
    if (stat) {
      known.entries.set(name, stat);
      this.#count++;
    } else if (++known.misses === MISSES_BEFORE_LISTING) {
      known.names = new Set(readdirTyped(folder).names);
      this.#count += known.names.size;
    }
  }
}

import { lstat, readdirTyped } from '../host/files.ts';
import type { LayerStats } from '../layer/layer-stats.ts';
import { isWhiteout } from '../layer/whiteout.ts';
import { compareBytes, join, nameOf, parentOf } from '../name/bytes.ts';
import type { Entry, EntryStat } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';

/** One folder of a chain, in overlayfs upperdir form. */
export interface ChainFolder {
  /** Id of the layer; becomes {@link Entry.layer}. */
  readonly id: string;
  /** The {@link Entry.source} of its entries. Default: the id. */
  readonly source?: string;
  /** Absolute byte string. */
  readonly path: string;
}

/**
 * The merged tree of folders laid over each other, as overlayfs would show it, without a mount: the topmost entry wins,
 * directories merge down to the first folder that has something else there, a whiteout hides.
 *
 * Looking something up costs the folders that have its directory, not all of them; directories are remembered.
 */
export class ChainTree implements Tree {
  /** Highest → lowest. */
  readonly #folders: readonly ChainFolder[];
  readonly #directories = new Map<string, Merged | undefined>();
  readonly #stats: LayerStats | undefined;

  /**
   * @param folders lowest → highest
   * @param stats what is known of entries in stored layers; only for folders of these. Default: every entry is looked at
   */
  constructor(folders: readonly ChainFolder[], stats?: LayerStats) {
    this.#folders = folders.toReversed();
    this.#stats = stats;
  }

  lookup(path: string): Entry | undefined {
    if (path === '/') return this.#directory('/')?.entry;
    const parent = this.#directory(parentOf(path));
    if (!parent) return undefined;
    const known = this.#directories.get(path);
    if (known) return known.entry;
    const merged = this.#merge(path, parent);
    if (merged?.entry.stat.type === 'dir') this.#directories.set(path, merged);
    return merged?.entry;
  }

  list(path: string): readonly string[] {
    const merged = this.#directory(path);
    if (!merged) return [];
    const { parts } = merged;
    const names: string[] = [];
    const holders = new Map<string, ChainFolder[]>();
    for (const part of parts) {
      const { names: here, characterDevices } = readdirTyped(part.path);
      for (const name of here) {
        const known = parts.length > 1 ? holders.get(name) : undefined;
        if (known) {
          known.push(part);
          continue;
        }
        if (parts.length > 1) holders.set(name, [part]);
        if (!characterDevices.has(name) || !this.#isHidden(part.path, name)) names.push(name);
      }
    }
    if (parts.length > 1) merged.holders = holders;
    return names.sort(compareBytes);
  }

  /** The folders that make the directory at `path`, highest → lowest, or undefined if there is no directory. */
  partsOf(path: string): readonly ChainFolder[] | undefined {
    return this.#directory(path)?.parts;
  }

  #directory(path: string): Merged | undefined {
    if (this.#directories.has(path)) return this.#directories.get(path);
    let merged: Merged | undefined;
    if (path === '/') {
      const top = this.#folders[0];
      const stat = top && lstat(top.path);
      if (top && stat) merged = { entry: entryIn(top, stat, top.path), parts: this.#folders };
    } else {
      const parent = this.#directory(parentOf(path));
      merged = parent && this.#merge(path, parent);
      if (merged?.entry.stat.type !== 'dir') return undefined;
    }
    this.#directories.set(path, merged);
    return merged;
  }

  #merge(path: string, parent: Merged): Merged | undefined {
    const name = nameOf(path);
    let entry: Entry | undefined;
    const parts: ChainFolder[] = [];
    for (const folder of parent.holders ? (parent.holders.get(name) ?? []) : parent.parts) {
      const stat = this.#lstat(folder.path, name);
      if (!stat) continue;
      const hostPath = join(folder.path, name);
      if (stat.type !== 'dir') {
        // Entries below a whiteout or a file do not show.
        if (entry || isWhiteout(stat)) break;
        return { entry: entryIn(folder, stat, hostPath), parts: [] };
      }
      entry ??= entryIn(folder, stat, hostPath);
      parts.push({ ...folder, path: hostPath });
    }
    return entry && { entry, parts };
  }

  #isHidden(folder: string, name: string): boolean {
    const stat = this.#lstat(folder, name);
    return !stat || isWhiteout(stat);
  }

  #lstat(folder: string, name: string): EntryStat | undefined {
    return this.#stats ? this.#stats.lstat(folder, name) : lstat(join(folder, name));
  }
}

interface Merged {
  readonly entry: Entry;
  /** Highest → lowest. */
  readonly parts: readonly ChainFolder[];
  /** Once the directory was listed: which parts have a name. Spares a thousand folders a question each. */
  holders?: ReadonlyMap<string, readonly ChainFolder[]>;
}

function entryIn({ id, source }: ChainFolder, stat: EntryStat, hostPath: string): Entry {
  return { stat, hostPath, source: source ?? id, layer: id };
}

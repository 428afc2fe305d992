/**
 * The differences between a merge as BuildKit makes it and a chain of folders.
 *
 * BuildKit applies the layers of a merge, one after the other, to an overlay on those that stand in place
 * (`snapshot/diffapply_linux.go`). Two things come of it that a definition can see:
 *
 * - A deletion is looked for in each layer below, and the build fails where a file is on the way to it.
 * - A whiteout may end up in a directory that merges with nothing: one that replaced something else, say. There the
 *   kernel lists the whiteout's name, and an export that walks the directory takes the name that cannot be found for its
 *   end. Entries behind such a *ghost* are not exported, and comparing the directory with another one fails.
 */
import { stepFailure } from '../error/error.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { isWhiteout } from '../layer/whiteout.ts';
import { compareBytes, componentsOf, join, nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { ChainTree } from './chain-tree.ts';
import { LowerFolders } from './lower-folders.ts';
import { layerIdOf } from './piece.ts';
import type { ViewPart } from './ref.ts';

/** Directory → the first ghost in it. */
export type Ghosts = ReadonlyMap<string, string>;

const NO_GHOSTS: Ghosts = new Map();

/**
 * Goes through the applications of a merge or diff. Costs nothing unless a moved layer deletes something.
 * @param parts lowest → highest
 */
export function applyMerge(parts: readonly ViewPart[], store: LayerStore): Ghosts {
  const standing = parts.filter(({ form }) => form === 'own').map(({ piece }) => layerIdOf(piece));
  const moved = parts.filter(({ form }) => form === 'movable').map(({ piece }) => layerIdOf(piece));
  if (standing.length === 0 || moved.every((id) => store.record(id).whiteoutHolders.length === 0))
    return NO_GHOSTS;
  const applied = new AppliedMerge(standing, moved, store);
  for (const id of moved) applied.apply(id);
  return applied.ghosts();
}

/** The ghosts that are left when a layer lies on top: where it has the directory too, the kernel merges and hides them. */
export function ghostsBelow(ghosts: Ghosts, layer: string, store: LayerStore): Ghosts {
  if (ghosts.size === 0) return ghosts;
  const top = new FolderTree(store.path(layer, 'own'), { isFixed: true });
  const left = [...ghosts].filter(([directory]) => {
    if (top.lookup(directory)) return false;
    return ancestorsOf(directory).every((path) => (top.lookup(path)?.stat.type ?? 'dir') === 'dir');
  });
  return new Map(left);
}

/** @param doing the words of BuildKit after "failed to" */
export function ghostFailure(doing: string, path: string): Error {
  const shown = textOf(path);
  return stepFailure(`failed to ${doing}: lstat ${shown}: no such file or directory`, {
    hint: `a merge below deletes ${shown} in a directory that took the place of a file, and BuildKit cannot compare such a directory with another one`,
  });
}

interface Applied {
  readonly type: 'dir' | 'whiteout' | 'other';
  /** It replaced something that is no directory, so that nothing below shows in it. */
  readonly opaque: boolean;
}

/** The folder that the layers are applied to, as far as deletions touch it. */
class AppliedMerge {
  readonly #store: LayerStore;
  readonly #lowers: LowerFolders;
  readonly #below: ChainTree;
  /** Directories in which, or below which, something is deleted; parents first. */
  readonly #watched: readonly string[];
  readonly #state = new Map<string, Applied>();

  constructor(standing: readonly string[], moved: readonly string[], store: LayerStore) {
    this.#store = store;
    const folders = standing.map((id) => ({ id, path: store.path(id, 'own') }));
    this.#lowers = new LowerFolders(folders.map(({ path }) => path));
    this.#below = new ChainTree(folders);
    const watched = new Set(moved.flatMap((id) => store.record(id).whiteoutHolders).flatMap(withAncestors));
    this.#watched = [...watched].sort(compareBytes);
  }

  apply(id: string): void {
    const layer = new FolderTree(this.#store.path(id, 'movable'), { isFixed: true });
    for (const directory of this.#watched) {
      for (const name of layer.list(directory)) {
        const path = join(directory, name);
        this.#applyEntry(path, layer.lookup(path)!.stat);
      }
    }
  }

  ghosts(): Ghosts {
    const ghosts = new Map<string, string>();
    for (const [path, { type }] of this.#state) {
      const directory = parentOf(path);
      if (type !== 'whiteout' || directory === '/' || !this.#mergesWithNothing(directory)) continue;
      const name = nameOf(path);
      const first = ghosts.get(directory);
      if (first === undefined || name < first) ghosts.set(directory, name);
    }
    return ghosts;
  }

  #applyEntry(path: string, stat: EntryStat): void {
    const there = this.#state.get(path);
    if (isWhiteout(stat)) {
      this.#clear(path);
      if (this.#lowers.has(path)) this.#state.set(path, { type: 'whiteout', opaque: false });
    } else if (stat.type !== 'dir') {
      this.#clear(path);
      this.#state.set(path, { type: 'other', opaque: false });
    } else if (there?.type !== 'dir') {
      this.#state.set(path, { type: 'dir', opaque: there !== undefined });
    }
  }

  /** Forgets a path and all below it. */
  #clear(path: string): void {
    const below = `${path}/`;
    for (const known of this.#state.keys())
      if (known === path || known.startsWith(below)) this.#state.delete(known);
  }

  #mergesWithNothing(directory: string): boolean {
    if (this.#below.lookup(directory)?.stat.type !== 'dir') return true;
    return withAncestors(directory).some((path) => this.#state.get(path)?.opaque);
  }
}

/** `/a/b` → `/`, `/a`, `/a/b`. */
export function withAncestors(path: string): string[] {
  return path === '/' ? ['/'] : [...ancestorsOf(path), path];
}

/** `/a/b` → `/`, `/a`. */
function ancestorsOf(path: string): string[] {
  const parts = componentsOf(path);
  return parts.map((_, i) => `/${parts.slice(0, i).join('/')}`);
}

import type { Pacer } from '../host/pacer.ts';
import { type LayerStore, lostLayer } from '../layer/layer-store.ts';
import { oddEntriesMeet } from '../layer/odd-entries.ts';
import type { KnownDigest } from '../layer/sameness.ts';
import { join } from '../name/bytes.ts';
import type { Tree } from '../tree/tree.ts';
import { applyMerge, type Ghosts, ghostFailure, ghostsBelow, withAncestors } from './applied-merge.ts';
import { applyLayers } from './apply-layers.ts';
import { type ChainFolder, ChainTree } from './chain-tree.ts';
import { computeDiff } from './compute-diff.ts';
import { withInodeOwners } from './hard-link-groups.ts';
import { nameFor } from './mountable.ts';
import { layerIdOf } from './piece.ts';
import {
  type DiffRef,
  type LayerPiece,
  type LayerRef,
  layersOnBase,
  parentsOf,
  type Ref,
  type ViewPart,
  viewOf,
} from './ref.ts';

const WHOLE: ReadonlySet<string> = new Set(['/']);

/** Trees that are kept with what was read of them. */
const KEPT_TREES = 64;

/** Makes layers that are known but not here yet: pulls and unpacks layers of images. */
export interface LayerProvider {
  /** True if it can make this one. */
  has(ref: LayerRef): boolean;
  /** Its parents are here. */
  provide(ref: LayerRef): Promise<void>;
}

/** For where every layer is here. */
export const NO_PROVIDER: LayerProvider = {
  has: () => false,
  provide: ({ layer }) => Promise.reject(lostLayer(layer)),
};

/**
 * From refs to trees. Merges and known-chain diffs cost nothing; other diffs are computed, and image layers pulled, when
 * a tree is really wanted ({@link Views.prepare}), at most once each.
 */
export class Views {
  readonly #store: LayerStore;
  /** Those that were used last, the latest at the end: all trees of a chain would be as many folders as its square. */
  readonly #trees = new Map<Ref, ChainTree>();
  readonly #folders = { own: new Map<string, ChainFolder>(), movable: new Map<string, ChainFolder>() };
  readonly #prepared = new WeakSet<Ref>();
  /** Merges and diffs → the id of the layer that their moved layers were made into. */
  readonly #applied = new WeakMap<Ref, string>();
  readonly #ghosts = new WeakMap<Ref, Ghosts>();
  readonly #available = new WeakSet<Ref>();
  readonly #preparing = new Map<string, Promise<void>>();
  readonly #provider: LayerProvider;
  readonly #digestOf: KnownDigest;

  /** @param digestOf what is known of the content of files. Default: nothing */
  constructor(store: LayerStore, provider: LayerProvider, digestOf: KnownDigest = () => undefined) {
    this.#store = store;
    this.#provider = provider;
    this.#digestOf = digestOf;
  }

  /** True if all layers of a ref are on disk, or can be pulled or computed. */
  isAvailable(ref: Ref | undefined): boolean {
    // Not recursive: chains may be thousands of refs deep.
    const found = new Set<Ref>();
    const pending = ref ? [ref] : [];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if (this.#available.has(next) || found.has(next)) continue;
      if (next.kind === 'layer' && !this.#store.has(next.layer) && !this.#provider.has(next)) return false;
      found.add(next);
      pending.push(...parentsOf(next));
    }
    for (const one of found) this.#available.add(one);
    return true;
  }

  /** Makes sure that every layer of the ref's tree is on disk. */
  async prepare(ref: Ref | undefined, pacer: Pacer): Promise<void> {
    const layers: LayerRef[] = [];
    let below = ref;
    while (below?.kind === 'layer' && !this.#prepared.has(below)) {
      layers.push(below);
      below = below.parent;
    }
    if (below && !this.#prepared.has(below)) {
      const parts = viewOf(below);
      for (const { piece, form } of parts) {
        await this.preparePiece(piece, pacer);
        if (form === 'movable') this.#mustBeMovable(layerIdOf(piece));
      }
      await this.#applyWhereOdd(below, parts, pacer);
      this.#ghostsOf(below, parts);
      this.#prepared.add(below);
    }
    for (const layer of layers.reverse()) {
      await this.preparePiece(layer, pacer);
      this.#prepared.add(layer);
    }
  }

  /** Makes sure that one layer of an export is on disk. */
  preparePiece(piece: LayerPiece, pacer: Pacer): Promise<void> {
    const id = layerIdOf(piece);
    if (this.#store.has(id)) return Promise.resolve();
    let running = this.#preparing.get(id);
    if (!running) {
      running = (
        piece.kind === 'diff' ? this.#computeDiff(piece, pacer) : this.#provideLayer(piece, pacer)
      ).finally(() => this.#preparing.delete(id));
      this.#preparing.set(id, running);
    }
    return running;
  }

  /** The tree of a prepared ref; of scratch, an empty one. */
  treeOf(ref: Ref | undefined): ChainTree {
    if (!ref) return new ChainTree([{ id: 'scratch', path: this.#store.emptyPath }]);
    const tree = this.#trees.get(ref) ?? new ChainTree(this.foldersOf(ref), this.#store.stats);
    this.#trees.delete(ref);
    this.#trees.set(ref, tree);
    if (this.#trees.size > KEPT_TREES) this.#trees.delete(this.#trees.keys().next().value!);
    return tree;
  }

  /** The tree of a prepared ref as BuildKit's exporters walk it (`applied-merge.ts`). */
  exportTreeOf(ref: Ref | undefined): Tree {
    const tree = this.treeOf(ref);
    const ghosts = ref && this.#ghostsOf(ref, viewOf(ref));
    if (!ghosts || ghosts.size === 0) return tree;
    return {
      lookup: (path) => tree.lookup(path),
      list(path) {
        const ghost = ghosts.get(path);
        const names = tree.list(path);
        return ghost === undefined ? names : names.filter((name) => name < ghost);
      },
    };
  }

  /** A ghost of a prepared ref in one of these directories or below, if there is one. */
  ghostIn(ref: Ref | undefined, directories: ReadonlySet<string>): string | undefined {
    if (!ref || directories.size === 0) return undefined;
    for (const [holder, name] of this.#ghostsOf(ref, viewOf(ref)))
      if (withAncestors(holder).some((path) => directories.has(path))) return join(holder, name);
    return undefined;
  }

  /**
   * The folders that make a prepared ref's tree, lowest → highest, each once: a layer that is applied twice is entirely
   * overridden by its last application.
   */
  foldersOf(ref: Ref): readonly ChainFolder[] {
    const folders = new Map<string, ChainFolder>();
    for (const folder of this.#partsOf(ref)) {
      folders.delete(folder.path);
      folders.set(folder.path, folder);
    }
    return withInodeOwners([...folders.values()], this.#store);
  }

  #partsOf(ref: Ref): readonly ChainFolder[] {
    const parts = viewOf(ref).map(({ piece, form }) => ({
      form,
      folder: this.#folderOf(layerIdOf(piece), form),
    }));
    const { base } = layersOnBase(ref);
    const applied = base && this.#applied.get(base);
    if (applied === undefined) return parts.map(({ folder }) => folder);
    const isMoved = ({ form }: { readonly form: ViewPart['form'] }) => form === 'movable';
    const [first, last] = [parts.findIndex(isMoved), parts.findLastIndex(isMoved)];
    const [standing, above] = [parts.slice(0, first), parts.slice(last + 1)];
    return [
      ...standing.map(({ folder }) => folder),
      this.#folderOf(applied, 'own'),
      ...above.map(({ folder }) => folder),
    ];
  }

  /** Makes one layer of the moved ones of a merge, where a chain of their folders would not show what BuildKit makes. */
  async #applyWhereOdd(ref: Ref, parts: readonly ViewPart[], pacer: Pacer): Promise<void> {
    const foldersOf = (wanted: ViewPart['form']) =>
      parts
        .filter(({ form }) => form === wanted)
        .map(({ piece, form }) => this.#folderOf(layerIdOf(piece), form));
    const moved = foldersOf('movable');
    if (moved.length < 2) return;
    const layers = [];
    for (const { id, path } of moved)
      layers.push({ folder: path, odd: await this.#store.oddEntries(id, pacer) });
    if (!oddEntriesMeet(layers)) return;
    const standing = foldersOf('own');
    const id = `applied-${nameFor([...standing, ...moved])}`;
    if (!this.#store.has(id)) await this.#apply(id, standing, moved, pacer);
    this.#applied.set(ref, id);
  }

  async #apply(
    id: string,
    standing: readonly ChainFolder[],
    moved: readonly ChainFolder[],
    pacer: Pacer,
  ): Promise<void> {
    const staged = this.#store.stageLayer();
    try {
      const named = withInodeOwners([...standing, ...moved], this.#store).slice(standing.length);
      const applied = await applyLayers(named, standing, staged.folder, pacer);
      const records = moved.map((layer) => this.#store.record(layer.id));
      this.#store.adopt(staged, id, {
        ...applied,
        linkedFrom: distinct(records.flatMap((record) => [record.id, ...record.linkedFrom])),
        sharedWith: distinct(records.flatMap(({ sharedWith }) => sharedWith)),
      });
    } catch (error) {
      this.#store.drop(staged);
      throw error;
    }
  }

  #folderOf(id: string, form: ViewPart['form']): ChainFolder {
    let folder = this.#folders[form].get(id);
    if (!folder) {
      folder = { id, path: this.#store.path(id, form) };
      this.#folders[form].set(id, folder);
    }
    return folder;
  }

  #ghostsOf(ref: Ref, parts: readonly ViewPart[]): Ghosts {
    const { base, layers } = layersOnBase(ref);
    if (!base) return new Map();
    let ghosts = this.#ghosts.get(base);
    if (!ghosts) {
      ghosts = applyMerge(parts.slice(0, parts.length - layers.length), this.#store);
      this.#ghosts.set(base, ghosts);
    }
    return layers.reduce((left, { layer }) => ghostsBelow(left, layer, this.#store), ghosts);
  }

  #mustBeMovable(id: string): void {
    const { ghost } = this.#store.record(id);
    if (ghost !== undefined) throw ghostFailure('apply diffs: failed to handle changes', ghost);
  }

  async #provideLayer(ref: LayerRef, pacer: Pacer): Promise<void> {
    await this.prepare(ref.parent, pacer);
    await this.#provider.provide(ref);
  }

  async #computeDiff(diff: DiffRef, pacer: Pacer): Promise<void> {
    await this.prepare(diff.lower, pacer);
    await this.prepare(diff.upper, pacer);
    for (const side of [diff.lower, diff.upper]) {
      const ghost = this.ghostIn(side, WHOLE);
      if (ghost !== undefined) throw ghostFailure('apply diffs: failed to handle changes', ghost);
    }
    const draft = this.#store.stageLayer();
    try {
      const sides = { lower: this.treeOf(diff.lower), upper: this.treeOf(diff.upper) };
      const made = await computeDiff(sides, draft.folder, {
        pacer,
        digestOf: this.#digestOf,
        isMoved: true,
      });
      this.#store.adopt(draft, layerIdOf(diff), made);
    } catch (error) {
      this.#store.drop(draft);
      throw error;
    }
  }
}

function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort();
}

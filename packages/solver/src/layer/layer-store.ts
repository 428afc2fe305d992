import fs from 'node:fs';
import { environmentFailure } from '../error/error.ts';
import { lstat, makeFolders, removeTree } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { type Fields, isCount, isTexts } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Tree } from '../tree/tree.ts';
import { adoptUpper } from './adopt-upper.ts';
import { AlikeLayers } from './alike.ts';
import { Draft } from './draft.ts';
import { LayerStats } from './layer-stats.ts';
import { normalise } from './normal-form.ts';
import { findOddEntries, type OddEntries, parseOddEntries } from './odd-entries.ts';

/** The record beside a layer's folders; written last, so a layer with a record is whole. */
export interface LayerRecord {
  readonly id: string;
  /** Bytes of its files. */
  readonly bytes: number;
  /** True if a second folder holds the layer as a diff sees it; if not, the one folder serves both. */
  readonly hasMovable: boolean;
  /** Directories that hold whiteouts (byte strings). */
  readonly whiteoutHolders: readonly string[];
  /** Layers with which it shares inodes, perhaps under other names: a process must not see both. */
  readonly sharedWith: readonly string[];
  /** Layers with which it shares inodes under the same names only: one hides the other. */
  readonly linkedFrom: readonly string[];
  /**
   * A ghost of the base (`chain/applied-merge.ts`, byte string) in a directory that the layer made opaque. BuildKit cannot
   * list such a directory when it compares the layer with its base, so the layer can neither be moved nor packed.
   */
  readonly ghost?: string;
}

/**
 * Layers on disk.
 *
 * ```
 * layers/<id>/own        the layer as it was written, in overlayfs upperdir form
 * layers/<id>/movable    as a diff sees it, where that differs
 * layers/<id>/layer.json the record
 * layers/<id>/digests    what is known of the content of its files
 * layers/<id>/odd.json   which of its entries do not merge as folders do
 * empty                  the tree of scratch
 * ```
 *
 * A layer is staged and then renamed to its place as a whole, never changed or overwritten: of two that write one id the
 * first wins. A layer whose record cannot be read, or of which a folder is missing, is none: the next one of its id takes
 * its place. Several processes may share a store. All paths are byte strings.
 */
export class LayerStore {
  readonly stats = new LayerStats();
  readonly #store: Store;
  readonly #alike: AlikeLayers;
  readonly #stages = new WeakMap<Draft, string>();
  readonly #records = new Map<string, LayerRecord>();
  readonly #odd = new Map<string, OddEntries>();

  constructor(store: Store) {
    this.#store = store;
    this.#alike = new AlikeLayers(store.root);
    for (const folder of ['layers', 'empty']) makeFolders(`${store.root}/${folder}`);
  }

  /** A fresh id for a layer or ref. */
  newId(): string {
    return this.#store.newId();
  }

  has(id: string): boolean {
    return this.#known(id) !== undefined;
  }

  /** Fails with an `environment` failure when there is no such layer. */
  record(id: string): LayerRecord {
    const record = this.#known(id);
    if (!record) throw lostLayer(id);
    return record;
  }

  #known(id: string): LayerRecord | undefined {
    let record = this.#records.get(id);
    if (!record) {
      record = this.#read(id);
      if (record) this.#records.set(id, record);
    }
    return record;
  }

  #read(id: string): LayerRecord | undefined {
    const folder = this.#folder(id);
    const record = this.#store.records.read(`${folder}/layer.json`, parseRecord);
    if (record?.id !== id || lstat(`${folder}/own`)?.type !== 'dir') return undefined;
    return record.hasMovable && lstat(`${folder}/movable`)?.type !== 'dir' ? undefined : record;
  }

  /** The file that keeps what is known of the content of a layer's files; it goes when the layer goes. */
  digestsFile(id: string): string {
    return `${this.#folder(id)}/digests`;
  }

  /** Looked for once, and remembered beside the layer. */
  async oddEntries(id: string, pacer: Pacer): Promise<OddEntries> {
    const file = `${this.#folder(id)}/odd.json`;
    const options = { encoding: 'latin1' } as const;
    const known = this.#odd.get(id) ?? this.#store.records.read(file, parseOddEntries, options);
    const odd = known ?? (await findOddEntries(this.path(id, 'movable'), pacer));
    this.#odd.set(id, odd);
    if (!known) this.#store.records.write(file, odd, options);
    return odd;
  }

  /** The folder of a layer in one of its forms. */
  path(id: string, form: 'own' | 'movable'): string {
    const moved = form === 'movable' && this.record(id).hasMovable;
    return `${this.#folder(id)}/${moved ? 'movable' : 'own'}`;
  }

  /** An empty folder: the tree of scratch, and the lower folder where the kernel wants a second one. */
  get emptyPath(): string {
    return `${this.#store.root}/empty`;
  }

  /** A new folder of this process for work in progress, on the filesystem of the layers. */
  stage(): string {
    return this.#store.stage();
  }

  /** A staged layer whose `folder` is to be filled by other means than a draft, in normal form. */
  stageLayer(): StagedLayer {
    const stage = this.stage();
    const folder = `${stage}/own`;
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o755);
    return { stage, folder };
  }

  /** A draft on `base`, whose root belongs to `owner` (a layer's root is always 0755, docs/buildkit-semantics.md#roots-of-layers). */
  edit(base: Tree | undefined, owner: { readonly uid: number; readonly gid: number }, pacer: Pacer): Draft {
    const { stage, folder: upper } = this.stageLayer();
    if (owner.uid !== process.getuid?.() || owner.gid !== process.getgid?.()) {
      fs.chownSync(upper, owner.uid, owner.gid);
    }
    const draft = new Draft({ base, upper, pacer });
    this.#stages.set(draft, stage);
    return draft;
  }

  /** Makes a draft of this store the layer `id`, in normal form; if there is one of this name, the draft is dropped. */
  async commit(draft: Draft, id: string): Promise<void> {
    const stage = this.#stageOf(draft);
    this.#keep(draft, id, await normalise(draft, `${stage}/movable`));
  }

  /**
   * Makes a draft of this store a layer, in normal form.
   * @param ghost see {@link LayerRecord.ghost}
   * @returns its new id, or that of a stored layer that is exactly like it
   */
  async commitAnew(draft: Draft, ghost?: string): Promise<string> {
    const stage = this.#stageOf(draft);
    const hasMovable = await normalise(draft, `${stage}/movable`);
    const id = this.newId();
    if (!hasMovable && draft.notes.isTimeless && draft.notes.entries > 0 && ghost === undefined) {
      const twin = this.#alike.find(draft, (other) => this.#pathIfStored(other));
      if (twin !== undefined) {
        this.discard(draft);
        return twin;
      }
      this.#alike.add(draft, id);
    }
    this.#keep(draft, id, hasMovable, ghost);
    return id;
  }

  #keep(draft: Draft, id: string, hasMovable: boolean, ghost?: string): void {
    const { bytes, whiteoutHolders, sharedWith } = draft.notes;
    this.#place(this.#stageOf(draft), {
      id,
      bytes,
      hasMovable,
      whiteoutHolders: [...whiteoutHolders].sort(),
      sharedWith: this.#allSharers(sharedWith),
      linkedFrom: [],
      ...(ghost !== undefined && { ghost }),
    });
    this.#stages.delete(draft);
  }

  #pathIfStored(id: string): string | undefined {
    return this.has(id) ? this.path(id, 'own') : undefined;
  }

  /**
   * A draft whose folder a mounted overlay on `base` has filled; to be committed or discarded as any other.
   * @param base the tree that was mounted below
   */
  async draftOf(staged: StagedLayer, base: Tree | undefined, pacer: Pacer): Promise<Draft> {
    const draft = new Draft({ base, upper: staged.folder, pacer });
    await adoptUpper(draft);
    this.#stages.set(draft, staged.stage);
    return draft;
  }

  /** Makes a staged layer, in normal form already, the layer `id`. */
  adopt({ stage }: StagedLayer, id: string, layer: AdoptedLayer): void {
    this.#place(stage, { id, hasMovable: false, sharedWith: [], ...layer });
  }

  discard(draft: Draft): void {
    const stage = this.#stages.get(draft);
    if (stage) removeTree(stage);
    this.#stages.delete(draft);
  }

  drop({ stage }: StagedLayer): void {
    removeTree(stage);
  }

  /** An inode that comes from a layer may come from where that layer has it. */
  #allSharers(sources: ReadonlySet<string>): string[] {
    const all = new Set(sources);
    for (const id of sources) {
      const { sharedWith, linkedFrom } = this.record(id);
      for (const further of [...sharedWith, ...linkedFrom]) all.add(further);
    }
    return [...all].sort();
  }

  #stageOf(draft: Draft): string {
    const stage = this.#stages.get(draft);
    if (!stage) throw new Error('Internal error: this draft was committed or discarded before');
    return stage;
  }

  #place(stage: string, record: LayerRecord): void {
    const { id } = record;
    this.#store.records.writeNew(`${stage}/layer.json`, record);
    this.#store.place(stage, this.#folder(id), () => this.#read(id) !== undefined);
    this.#records.delete(id);
  }

  #folder(id: string): string {
    return `${this.#store.root}/layers/${id}`;
  }
}

/** Another program has removed a layer that is needed, or the disk does not give it back. */
export function lostLayer(id: string): Error {
  return environmentFailure(`layer ${id} of the store is lost: it was removed, or cannot be read any more`, {
    hint: 'solve again: what is lost is made again',
  });
}

/** A layer that is being written outside a draft. */
export interface StagedLayer {
  readonly stage: string;
  readonly folder: string;
}

/** The facts about a layer that was not written through a draft. */
export interface AdoptedLayer {
  readonly bytes: number;
  readonly whiteoutHolders: readonly string[];
  readonly linkedFrom: readonly string[];
  /** Default: none. */
  readonly sharedWith?: readonly string[];
}

function parseRecord(fields: Fields): LayerRecord | undefined {
  const { id, bytes, hasMovable, whiteoutHolders, sharedWith, linkedFrom, ghost } = fields;
  const isRecord =
    typeof id === 'string' &&
    isCount(bytes) &&
    typeof hasMovable === 'boolean' &&
    isTexts(whiteoutHolders) &&
    isTexts(sharedWith) &&
    isTexts(linkedFrom) &&
    (ghost === undefined || typeof ghost === 'string');
  if (!isRecord) return undefined;
  const record = { id, bytes, hasMovable, whiteoutHolders, sharedWith, linkedFrom };
  return ghost === undefined ? record : { ...record, ghost };
}

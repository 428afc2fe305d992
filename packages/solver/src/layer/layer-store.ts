import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error.ts';
import { makeFolders, readdir, removeTree } from '../host/files.ts';
import { isProcessAlive, processTag } from '../host/process-tag.ts';
import type { Tree } from '../tree/tree.ts';
import { adoptUpper } from './adopt-upper.ts';
import { AlikeLayers } from './alike.ts';
import { LayerDraft } from './layer-draft.ts';
import { LayerStats } from './layer-stats.ts';
import { normalise } from './normal-form.ts';

/** What is kept beside a layer's folders; written last, so a layer with a record is whole. */
export interface LayerRecord {
  readonly version: 1;
  readonly id: string;
  /** Bytes of its files. */
  readonly bytes: number;
  /** Whether a second folder holds the layer as a diff sees it; if not, the one folder serves both. */
  readonly hasMovable: boolean;
  /** Directories that hold whiteouts (byte strings). */
  readonly whiteoutHolders: readonly string[];
  /** Layers with which it shares inodes, perhaps under other names: a process must not see both. */
  readonly sharedWith: readonly string[];
  /** Layers with which it shares inodes under the same names only: one hides the other. */
  readonly linkedFrom: readonly string[];
}

/**
 * Layers on disk.
 *
 * ```
 * layers/<id>/own        the layer as it was written, in overlayfs upperdir form
 * layers/<id>/movable    as a diff sees it, where that differs
 * layers/<id>/layer.json the record
 * staging/<process>/…    what is being written; swept when its process is gone
 * empty                  the tree of scratch
 * ```
 *
 * A layer is staged and then renamed to its place as a whole, never changed or overwritten: of two that write one id the
 * first wins. Several processes may share a store. All paths are byte strings.
 */
export class LayerStore {
  readonly stats = new LayerStats();
  readonly #root: string;
  readonly #staging: string;
  readonly #alike: AlikeLayers;
  readonly #stages = new WeakMap<LayerDraft, string>();
  readonly #records = new Map<string, LayerRecord>();
  /** Whether processes that used this store have died without tidying up. */
  readonly hadDead: boolean;

  /** Makes the folders and sweeps what dead processes left. Fails with an `environment` failure. */
  constructor(root: string) {
    this.#root = root;
    this.#alike = new AlikeLayers(root);
    // A process may have several stores open.
    this.#staging = `${root}/staging/${processTag()}-${this.newId()}`;
    try {
      for (const folder of ['layers', 'empty', 'staging']) makeFolders(`${root}/${folder}`);
      checkVersion(root);
      const dead = readdir(`${root}/staging`).filter((tag) => !isProcessAlive(tag));
      for (const tag of dead) removeTree(`${root}/staging/${tag}`);
      this.hadDead = dead.length > 0;
      makeFolders(this.#staging);
    } catch (error) {
      throw unusable(root, error);
    }
  }

  /** A fresh id for a layer or ref. */
  newId(): string {
    return randomBytes(12).toString('hex');
  }

  has(id: string): boolean {
    return this.#records.has(id) || fs.existsSync(`${this.#folder(id)}/layer.json`);
  }

  /** Fails with an `ENOENT` error when there is no such layer. */
  record(id: string): LayerRecord {
    let record = this.#records.get(id);
    if (!record) {
      record = JSON.parse(fs.readFileSync(`${this.#folder(id)}/layer.json`, 'utf8')) as LayerRecord;
      this.#records.set(id, record);
    }
    return record;
  }

  /** The folder of a layer in one of its forms. */
  path(id: string, form: 'own' | 'movable'): string {
    const moved = form === 'movable' && this.record(id).hasMovable;
    return `${this.#folder(id)}/${moved ? 'movable' : 'own'}`;
  }

  /** An empty folder: the tree of scratch, and the lower folder where the kernel wants a second one. */
  get emptyPath(): string {
    return `${this.#root}/empty`;
  }

  /** A new folder of this process for work in progress, on the filesystem of the layers. */
  stage(): string {
    const folder = `${this.#staging}/${this.newId()}`;
    fs.mkdirSync(folder);
    return folder;
  }

  /** A staged layer whose `folder` is to be filled by other means than a draft, in normal form. */
  stageLayer(): StagedLayer {
    const stage = this.stage();
    const folder = `${stage}/own`;
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o755);
    return { stage, folder };
  }

  /** A draft on `base`, whose root belongs to `owner` (a layer's root is always 0755, S B.11.1). */
  edit(base: Tree | undefined, owner: { readonly uid: number; readonly gid: number }): LayerDraft {
    const { stage, folder: upper } = this.stageLayer();
    if (owner.uid !== process.getuid?.() || owner.gid !== process.getgid?.()) {
      fs.chownSync(upper, owner.uid, owner.gid);
    }
    const draft = new LayerDraft({ base, upper });
    this.#stages.set(draft, stage);
    return draft;
  }

  /** Makes a draft of this store the layer `id`, in normal form; if there is one of this name, the draft is dropped. */
  async commit(draft: LayerDraft, id: string): Promise<void> {
    const stage = this.#stageOf(draft);
    this.#store(draft, id, await normalise(draft, `${stage}/movable`));
  }

  /**
   * Makes a draft of this store a layer, in normal form.
   * @returns its new id, or that of a stored layer that is exactly like it
   */
  async commitAnew(draft: LayerDraft): Promise<string> {
    const stage = this.#stageOf(draft);
    const hasMovable = await normalise(draft, `${stage}/movable`);
    const id = this.newId();
    if (!hasMovable && draft.isTimeless && draft.entries > 0) {
      const twin = this.#alike.find(draft, (other) => this.#pathIfStored(other));
      if (twin !== undefined) {
        this.discard(draft);
        return twin;
      }
      this.#alike.add(draft, id);
    }
    this.#store(draft, id, hasMovable);
    return id;
  }

  #store(draft: LayerDraft, id: string, hasMovable: boolean): void {
    this.#place(this.#stageOf(draft), {
      version: 1,
      id,
      bytes: draft.bytes,
      hasMovable,
      whiteoutHolders: [...draft.whiteoutHolders].sort(),
      sharedWith: this.#allSharers(draft.sharedWith),
      linkedFrom: [],
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
  async draftOf(
    staged: StagedLayer,
    base: Tree | undefined,
    pause: () => Promise<void>,
  ): Promise<LayerDraft> {
    const draft = new LayerDraft({ base, upper: staged.folder });
    await adoptUpper(draft, pause);
    this.#stages.set(draft, staged.stage);
    return draft;
  }

  /** Makes a staged layer, in normal form already, the layer `id`. */
  adopt({ stage }: StagedLayer, id: string, layer: AdoptedLayer): void {
    this.#place(stage, { version: 1, id, hasMovable: false, sharedWith: [], ...layer });
  }

  discard(draft: LayerDraft): void {
    const stage = this.#stages.get(draft);
    if (stage) removeTree(stage);
    this.#stages.delete(draft);
  }

  drop({ stage }: StagedLayer): void {
    removeTree(stage);
  }

  /** Removes this process's staging folder. */
  close(): void {
    removeTree(this.#staging);
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

  #stageOf(draft: LayerDraft): string {
    const stage = this.#stages.get(draft);
    if (!stage) throw new Error('Internal error: this draft was committed or discarded before');
    return stage;
  }

  #place(stage: string, record: LayerRecord): void {
    fs.writeFileSync(`${stage}/layer.json`, `${JSON.stringify(record)}\n`);
    try {
      fs.renameSync(stage, this.#folder(record.id));
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      removeTree(stage);
    }
    this.#records.set(record.id, record);
  }

  #folder(id: string): string {
    return `${this.#root}/layers/${id}`;
  }
}

/** A layer that is being written outside a draft. */
export interface StagedLayer {
  readonly stage: string;
  readonly folder: string;
}

/** What is to be known of a layer that was not written through a draft. */
export interface AdoptedLayer {
  readonly bytes: number;
  readonly whiteoutHolders: readonly string[];
  readonly linkedFrom: readonly string[];
}

const STORE_VERSION = 1;

function checkVersion(root: string): void {
  const file = `${root}/store.json`;
  if (!fs.existsSync(file)) {
    // Linked into place: another process that starts now must not read it half written.
    const written = `${root}/store.json.${randomBytes(6).toString('hex')}`;
    fs.writeFileSync(written, `${JSON.stringify({ version: STORE_VERSION })}\n`);
    try {
      fs.linkSync(written, file);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    } finally {
      fs.unlinkSync(written);
    }
  }
  let version: unknown;
  try {
    version = (JSON.parse(fs.readFileSync(file, 'utf8')) as { version?: unknown }).version;
  } catch {
    version = 'unreadable';
  }
  if (version !== STORE_VERSION) {
    throw environmentFailure(
      `the state directory ${root} is of version ${version}, this program needs ${STORE_VERSION}`,
      {
        hint: 'name another directory with --state-dir, or remove this one: it holds nothing but results that can be built again',
      },
    );
  }
}

function unusable(root: string, error: unknown): unknown {
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the filesystem is read-only',
    ENOENT: 'it cannot be made there',
    ENOTDIR: 'a part of the path is not a directory',
    EEXIST: 'a part of the path is not a directory',
    ENOSPC: 'no space left on device',
  };
  const reason = reasons[errnoOf(error) ?? ''];
  if (!reason) return error;
  return environmentFailure(`cannot use the state directory ${root}: ${reason}`, {
    cause: error,
    hint: 'name a directory that you may write with --state-dir or LLB_TS_STATE_DIR',
  });
}

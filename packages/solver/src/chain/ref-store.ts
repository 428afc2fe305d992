import { makeFolders } from '../host/files.ts';
import { type Fields, isText, isTexts } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Ref } from './ref.ts';

type StoredRef =
  | { readonly kind: 'layer'; readonly layer: string; readonly parent?: string; readonly origin?: string }
  | { readonly kind: 'merge'; readonly parents: readonly string[] }
  | { readonly kind: 'diff'; readonly lower: string; readonly upper?: string };

interface RefRecord {
  readonly description: string;
  readonly createdAt: number;
}

/**
 * Refs on disk, one plain file each: `refs/<id>.json`. A ref names its parents by id, which are written before it.
 * Loading gives one object per id, so that refs can be compared and remembered by identity within a process.
 */
export class RefStore {
  readonly #store: Store;
  readonly #folder: string;
  readonly #loaded = new Map<string, Ref>();

  constructor(store: Store) {
    this.#store = store;
    this.#folder = `${store.root}/refs`;
    makeFolders(this.#folder);
  }

  /** Keeps a ref whose parents are kept already. Returns the one that is kept under this id. */
  save(ref: Ref): Ref {
    const known = this.#loaded.get(ref.id);
    if (known) return known;
    const record: RefRecord & StoredRef = {
      description: ref.description,
      createdAt: ref.createdAt,
      ...stored(ref),
    };
    this.#store.records.write(this.#file(ref.id), record);
    this.#loaded.set(ref.id, ref);
    return ref;
  }

  /** The ref of an id; undefined if it, or any ref it stands on, is not there or cannot be read. */
  load(id: string): Ref | undefined {
    // Not recursive: chains may be thousands of refs deep.
    const pending = [id];
    const records = new Map<string, RefRecord & StoredRef>();
    while (pending.length > 0) {
      const next = pending.at(-1)!;
      if (this.#loaded.has(next)) {
        pending.pop();
        continue;
      }
      const record = records.get(next) ?? this.#read(next);
      if (!record) return undefined;
      records.set(next, record);
      const missing = parentsOf(record).filter((parent) => !this.#loaded.has(parent));
      if (missing.length === 0) {
        this.#loaded.set(next, this.#revive(next, record));
        pending.pop();
      } else if (missing.some((parent) => records.has(parent) && pending.includes(parent))) {
        return undefined; // A circle: not written by us.
      } else {
        pending.push(...missing);
      }
    }
    return this.#loaded.get(id);
  }

  #revive(id: string, record: RefRecord & StoredRef): Ref {
    const common = { id, description: record.description, createdAt: record.createdAt };
    const get = (parent: string) => this.#loaded.get(parent)!;
    switch (record.kind) {
      case 'layer':
        return {
          ...common,
          kind: 'layer',
          layer: record.layer,
          ...(record.origin !== undefined && { origin: record.origin }),
          ...(record.parent !== undefined && { parent: get(record.parent) }),
        };
      case 'merge':
        return { ...common, kind: 'merge', parents: record.parents.map(get) };
      case 'diff':
        return {
          ...common,
          kind: 'diff',
          lower: get(record.lower),
          ...(record.upper !== undefined && { upper: get(record.upper) }),
        };
    }
  }

  #read(id: string): (RefRecord & StoredRef) | undefined {
    return this.#store.records.read(this.#file(id), parseRecord);
  }

  #file(id: string): string {
    return `${this.#folder}/${id}.json`;
  }
}

function stored(ref: Ref): StoredRef {
  switch (ref.kind) {
    case 'layer':
      return {
        kind: 'layer',
        layer: ref.layer,
        ...(ref.parent && { parent: ref.parent.id }),
        ...(ref.origin !== undefined && { origin: ref.origin }),
      };
    case 'merge':
      return { kind: 'merge', parents: ref.parents.map((parent) => parent.id) };
    case 'diff':
      return { kind: 'diff', lower: ref.lower.id, ...(ref.upper && { upper: ref.upper.id }) };
  }
}

function parentsOf(record: StoredRef): readonly string[] {
  switch (record.kind) {
    case 'layer':
      return record.parent === undefined ? [] : [record.parent];
    case 'merge':
      return record.parents;
    case 'diff':
      return record.upper === undefined ? [record.lower] : [record.lower, record.upper];
  }
}

function parseRecord(fields: Fields): (RefRecord & StoredRef) | undefined {
  const { description, createdAt, kind, layer, parent, origin, parents, lower, upper } = fields;
  if (!isText(description) || typeof createdAt !== 'number') return undefined;
  const common = { description, createdAt };
  if (kind === 'layer' && isText(layer) && (parent === undefined || isText(parent))) {
    return {
      ...common,
      kind,
      layer,
      ...(parent !== undefined && { parent }),
      ...(isText(origin) && { origin }),
    };
  }
  if (kind === 'merge' && isTexts(parents) && parents.length > 0) return { ...common, kind, parents };
  if (kind === 'diff' && isText(lower) && (upper === undefined || isText(upper))) {
    return { ...common, kind, lower, ...(upper !== undefined && { upper }) };
  }
  return undefined;
}

import { createHash } from 'node:crypto';
import type { Ref } from '../chain/ref.ts';
import { makeFolders } from '../host/files.ts';
import { type Fields, isText } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** What a result depends on, as JSON data. */
export type CacheKey = Readonly<Record<string, unknown>>;

/**
 * Which refs came out of which key: one plain file per key, `cache/<hash>.json`, that holds the key itself beside the
 * results. So "why was this not cached?" is answered by comparing two files.
 *
 * A record counts only while every ref that it names is there; whether their layers can be had is for those to say who know
 * the images of the solve.
 */
export class CacheStore {
  readonly #store: Store;
  readonly #folder: string;
  readonly #loadRef: (id: string) => Ref | undefined;

  constructor(store: Store, loadRef: (id: string) => Ref | undefined) {
    this.#store = store;
    this.#folder = `${store.root}/cache`;
    this.#loadRef = loadRef;
    makeFolders(this.#folder);
  }

  /** The outputs stored under `key`, undefined if there are none. */
  get(key: CacheKey): readonly (Ref | undefined)[] | undefined {
    const record = this.#store.records.read(this.#file(key), parseRecord);
    if (!record) return undefined;
    const outputs: (Ref | undefined)[] = [];
    for (const id of record.outputs) {
      const ref = id === null ? undefined : this.#loadRef(id);
      if (id !== null && !ref) return undefined;
      outputs.push(ref);
    }
    return outputs;
  }

  put(key: CacheKey, outputs: readonly (Ref | undefined)[]): void {
    const record = { createdAt: Date.now(), outputs: outputs.map((ref) => ref?.id ?? null), key };
    this.#store.records.write(this.#file(key), record, { replacer: plain });
  }

  #file(key: CacheKey): string {
    return `${this.#folder}/${hashOf(key)}.json`;
  }
}

/** The name of a key: sha256 of its JSON with the fields of every object sorted. */
export function hashOf(key: CacheKey): string {
  return createHash('sha256')
    .update(JSON.stringify({ version: VERSION, ...key }, plain))
    .digest('hex');
}

/** Sorts the fields of objects, and writes the numbers that JSON has no form for as text. */
function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Part of what is hashed: raised when keys come to mean something else. */
const VERSION = 1;

interface CacheRecord {
  readonly outputs: readonly (string | null)[];
}

function parseRecord({ outputs }: Fields): CacheRecord | undefined {
  const isRecord =
    Array.isArray(outputs) && outputs.every((id): id is string | null => id === null || isText(id));
  return isRecord ? { outputs } : undefined;
}

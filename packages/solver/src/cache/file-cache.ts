import type { Ref } from '../chain/ref.ts';
import { makeFolders } from '../host/files.ts';
import { type Fields, isText } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { type Cache, type CacheKey, hashOf, plain } from './cache.ts';

/**
 * A cache in files: one plain file per key, `cache/<hash>.json`, that holds the key itself beside the
 * results. So "why was this not cached?" is answered by comparing two files.
 *
 * A record counts only while every ref that it names is there; the caller
 * checks whether their layers can be had, for it knows the images of the solve.
 */
export class FileCache implements Cache {
  readonly #store: Store;
  readonly #folder: string;
  readonly #loadRef: (id: string) => Ref | undefined;

  constructor(store: Store, loadRef: (id: string) => Ref | undefined) {
    this.#store = store;
    this.#folder = `${store.root}/cache`;
    this.#loadRef = loadRef;
    makeFolders(this.#folder);
  }

  async get(key: CacheKey): Promise<readonly (Ref | undefined)[] | undefined> {
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

interface CacheRecord {
  readonly outputs: readonly (string | null)[];
}

function parseRecord({ outputs }: Fields): CacheRecord | undefined {
  const isRecord =
    Array.isArray(outputs) && outputs.every((id): id is string | null => id === null || isText(id));
  return isRecord ? { outputs } : undefined;
}

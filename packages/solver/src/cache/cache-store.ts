import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { makeFolders } from '../host/files.ts';
import type { Ref } from '../layer/ref.ts';

/** What a result depends on, as JSON data. */
export type CacheKey = Readonly<Record<string, unknown>>;

/**
 * Which refs came out of which key: one plain file per key, `cache/<hash>.json`, that holds the key itself beside the
 * results. So "why was this not cached?" is answered by comparing two files.
 *
 * A record counts only while every ref and layer it names is there; anything unreadable is as good as missing.
 */
export class CacheStore {
  readonly #folder: string;
  readonly #loadRef: (id: string) => Ref | undefined;

  constructor(root: string, loadRef: (id: string) => Ref | undefined) {
    this.#folder = `${root}/cache`;
    this.#loadRef = loadRef;
    makeFolders(this.#folder);
  }

  /** The outputs stored under `key`, undefined if there are none. */
  get(key: CacheKey): readonly (Ref | undefined)[] | undefined {
    const record = this.#read(this.#file(key));
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
    const file = this.#file(key);
    const record: CacheRecord = {
      version: VERSION,
      createdAt: Date.now(),
      outputs: outputs.map((ref) => ref?.id ?? null),
      key,
    };
    const draft = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(draft, `${JSON.stringify(record, plain)}\n`);
    fs.renameSync(draft, file);
  }

  #file(key: CacheKey): string {
    return `${this.#folder}/${hashOf(key)}.json`;
  }

  #read(file: string): CacheRecord | undefined {
    try {
      const record = JSON.parse(fs.readFileSync(file, 'utf8')) as CacheRecord;
      return record.version === VERSION && Array.isArray(record.outputs) ? record : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
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

const VERSION = 1;

interface CacheRecord {
  readonly version: typeof VERSION;
  readonly createdAt: number;
  readonly outputs: readonly (string | null)[];
  readonly key: CacheKey;
}

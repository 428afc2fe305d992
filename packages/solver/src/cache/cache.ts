import { createHash } from 'node:crypto';
import type { Ref } from '../chain/ref.ts';

/** All that a result depends on, as JSON data. */
export type CacheKey = Readonly<Record<string, unknown>>;

/**
 * Results of operations by key. Several may be asked one after the other, and some may be on other machines.
 *
 * ```ts
 * const known = await cache.get(key) ?? (await run());
 * cache.put(key, known);
 * ```
 */
export interface Cache {
  /** The outputs stored under `key`; undefined if there are none, or one of them is lost. */
  get(key: CacheKey): Promise<readonly (Ref | undefined)[] | undefined>;
  /** Stores outputs, in place of earlier ones. */
  put(key: CacheKey, outputs: readonly (Ref | undefined)[]): void;
}

/** The name of a key: sha256 of its JSON with the fields of every object sorted. */
export function hashOf(key: CacheKey): string {
  return createHash('sha256')
    .update(JSON.stringify({ version: VERSION, ...key }, plain))
    .digest('hex');
}

/** A replacer for JSON that sorts the fields of objects, and writes numbers that JSON has no form for as text. */
export function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Part of what is hashed: raised when keys come to mean something else. */
const VERSION = 2;

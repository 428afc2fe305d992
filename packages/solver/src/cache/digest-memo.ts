import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { makeFolders } from '../host/files.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { Entry } from '../tree/entry.ts';
import type { DigestMemo } from './entry-digest.ts';

/**
 * Digests of files in stored layers, kept from one solve to the next: `digests/<layer>` holds a line for each
 * file that was read. A layer never changes, so an inode in it, with its size and time, is always the same file; and
 * what a layer shares with another one need not be read again for it. So after one file of a large folder changed, only
 * that file is read.
 */
export class StoredDigests implements DigestMemo {
  readonly #folder: string;
  readonly #layers: LayerStore;
  readonly #known = new Map<string, Map<string, string>>();
  readonly #fresh = new Map<string, string[]>();

  constructor(stateDir: string, layers: LayerStore) {
    this.#folder = `${stateDir}/digests`;
    this.#layers = layers;
  }

  get(entry: Entry): string | undefined {
    if (entry.layer === undefined || !this.#layers.has(entry.layer)) return undefined;
    const key = keyOf(entry);
    const { sharedWith, linkedFrom } = this.#layers.record(entry.layer);
    for (const layer of [entry.layer, ...sharedWith, ...linkedFrom]) {
      const digest = this.#of(layer).get(key);
      if (digest !== undefined) return digest;
    }
    return undefined;
  }

  set(entry: Entry, digest: string): void {
    if (entry.layer === undefined) return;
    const key = keyOf(entry);
    this.#of(entry.layer).set(key, digest);
    const lines = this.#fresh.get(entry.layer) ?? [];
    lines.push(`${key} ${digest}\n`);
    this.#fresh.set(entry.layer, lines);
  }

  /** Writes what is new. Two processes may append to one file: whole lines only, and equal ones do no harm. */
  flush(): void {
    if (this.#fresh.size === 0) return;
    makeFolders(this.#folder);
    for (const [layer, lines] of this.#fresh) fs.appendFileSync(`${this.#folder}/${layer}`, lines.join(''));
    this.#fresh.clear();
  }

  #of(layer: string): Map<string, string> {
    let known = this.#known.get(layer);
    if (!known) {
      known = this.#read(layer);
      this.#known.set(layer, known);
    }
    return known;
  }

  #read(layer: string): Map<string, string> {
    try {
      const text = fs.readFileSync(`${this.#folder}/${layer}`, 'latin1');
      const pairs = text.split('\n').map((line) => line.split(' '));
      // A line that was cut off while it was written does not have a whole digest.
      return new Map(pairs.flatMap(([key, digest]) => (key && digest?.length === 64 ? [[key, digest]] : [])));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return new Map();
      throw error;
    }
  }
}

function keyOf({ stat }: Entry): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

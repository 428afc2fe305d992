import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { removeTree } from '../host/files.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { Entry, EntryStat } from '../name/entry.ts';
import type { DigestMemo } from './entry-digest.ts';

/**
 * Digests of files in stored layers, kept from one solve to the next: a file beside the layer holds a line for each file
 * that was read, and goes when the layer goes. A layer never changes, so an inode in it, with its size and time, is always the same file; and
 * what a layer shares with another one need not be read again for it. So after one file of a large folder changed, only
 * that file is read.
 */
export class StoredDigests implements DigestMemo {
  readonly #layers: LayerStore;
  readonly #known = new Map<string, Map<number, KnownFile>>();
  readonly #fresh = new Map<string, string[]>();

  constructor(layers: LayerStore) {
    this.#layers = layers;
  }

  get({ layer, stat }: Entry): string | undefined {
    if (layer === undefined || !this.#layers.has(layer)) return undefined;
    const own = find(this.#of(layer), stat);
    if (own !== undefined) return own;
    const { sharedWith, linkedFrom } = this.#layers.record(layer);
    for (const other of [...sharedWith, ...linkedFrom]) {
      const digest = find(this.#of(other), stat);
      if (digest !== undefined) return digest;
    }
    return undefined;
  }

  set({ layer, stat }: Entry, digest: string): void {
    if (layer === undefined) return;
    const { ino, size, mtimeNs } = stat;
    this.#of(layer).set(Number(ino), { size, mtimeNs, digest });
    const lines = this.#fresh.get(layer) ?? [];
    lines.push(`${ino}:${size}:${mtimeNs} ${digest}\n`);
    this.#fresh.set(layer, lines);
  }

  /** Digests of the files of one layer hold for a new one that has most of them. */
  inherit(layer: string, from: string): void {
    this.flush();
    try {
      fs.copyFileSync(
        this.#layers.digestsFile(from),
        this.#layers.digestsFile(layer),
        fs.constants.COPYFILE_EXCL,
      );
    } catch (error) {
      const code = errnoOf(error);
      // A damaged one is found, and replaced, when it is written.
      if (code !== 'ENOENT' && code !== 'EEXIST' && code !== 'EISDIR') throw error;
    }
  }

  /** Writes what is new. Two processes may append to one file: whole lines only, and equal ones do no harm. */
  flush(): void {
    if (this.#fresh.size === 0) return;
    for (const [layer, lines] of this.#fresh) {
      // Begun anew, so that it does not go on a line that was cut off.
      append(this.#layers.digestsFile(layer), `\n${lines.join('')}`);
    }
    this.#fresh.clear();
  }

  #of(layer: string): Map<number, KnownFile> {
    let known = this.#known.get(layer);
    if (!known) {
      known = this.#read(layer);
      this.#known.set(layer, known);
    }
    return known;
  }

  #read(layer: string): Map<number, KnownFile> {
    const known = new Map<number, KnownFile>();
    let text = '';
    try {
      text = fs.readFileSync(this.#layers.digestsFile(layer), 'latin1');
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    for (const [, ino, size, mtimeNs = '', digest = ''] of text.matchAll(LINE)) {
      known.set(Number(ino), { size: Number(size), mtimeNs: BigInt(mtimeNs), digest });
    }
    return known;
  }
}

/** Puts the text in the place of a folder, which only damage leaves there; without the layer there is nothing to keep. */
function append(file: string, text: string): void {
  try {
    fs.appendFileSync(file, text);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR') throw error;
    removeTree(file);
    fs.appendFileSync(file, text);
  }
}

/** A line that was cut off while it was written does not have a whole digest. */
const LINE = /^(\d+):(\d+):(-?\d+) ([0-9a-f]{64})$/gm;

/** A file by its inode number, with what must not have changed for its digest to be right. */
interface KnownFile {
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly digest: string;
}

function find(files: ReadonlyMap<number, KnownFile>, { ino, size, mtimeNs }: EntryStat): string | undefined {
  const file = files.get(Number(ino));
  return file && file.size === size && file.mtimeNs === mtimeNs ? file.digest : undefined;
}

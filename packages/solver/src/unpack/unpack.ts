import type { ByteStream } from '../archive/byte-source.ts';
import type { TarHeader } from '../archive/tar-header.ts';
import { readTar } from '../archive/tar-reader.ts';
import { stepFailure } from '../error/error.ts';
import { clean, cleanPath, join, nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';
import { inheritDirectory } from './unpack-inherit.ts';
import { UnpackModel } from './unpack-model.ts';
import { splitName } from './unpack-name.ts';
import { timesOf, type UnpackLimit, UnpackWriter } from './unpack-writer.ts';

export interface UnpackOptions {
  /** The layer's own folder: exists and is empty. */
  readonly upper: string;
  /** Each layer below alone, highest → lowest; undefined where there are none. */
  readonly lowers: readonly Tree[] | undefined;
  /** Default: none. */
  readonly limit?: UnpackLimit | undefined;
}

/** The result of unpacking, for the commit of the layer. */
export interface Unpacked {
  readonly model: UnpackModel;
  /** Directories that hide what the layers below have in them. */
  readonly opaque: ReadonlySet<string>;
  /** Bytes of the files. */
  readonly bytes: number;
  /** Of each hard link that was made. */
  readonly links: readonly EntryStat[];
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Unpacks an image layer the way containerd unpacks one for an overlay (`pkg/archive` `applyNaive` and
 * `OverlayConvertWhiteout`), with what that does beyond the specification. It looks at the layer alone: a hard link to a
 * file of a lower layer fails, a link of a lower layer on the way becomes a directory, a directory that is made again
 * after a whiteout of its name still shows what lies below.
 *
 * The lowest layer is unpacked as a plain folder: whiteouts remove what the layer itself brought.
 *
 * Names and links stay inside the folder. Fails with containerd's texts, paths being those in the layer.
 */
export async function unpackLayer(stream: ByteStream, options: UnpackOptions): Promise<Unpacked> {
  const unpacker = new Unpacker(options);
  for await (const { header, body } of readTar(stream, { drain: true })) {
    await unpacker.add(header, body);
  }
  return unpacker.finish();
}

class Unpacker {
  readonly #model = new UnpackModel();
  readonly #writer: UnpackWriter;
  readonly #lowers: readonly Tree[] | undefined;
  readonly #opaque = new Set<string>();
  /** Paths that had an entry of their own, as against directories that came by themselves. */
  readonly #unpacked = new Set<string>();
  readonly #emptied = new Set<string>();
  readonly #directories: TarHeader[] = [];

  constructor({ upper, lowers, limit }: UnpackOptions) {
    this.#writer = new UnpackWriter(upper, this.#model, limit);
    this.#lowers = lowers;
  }

  async add(header: TarHeader, body: ByteStream): Promise<void> {
    const name = cleanPath(header.name);
    const { directory, base } = splitName(name);
    const parent = this.#model.resolve(directory);
    const path = clean(`${parent}/${base}`);
    if (path === '/') return;
    if (parent !== '/') this.#makeParents(parent);
    checkWhiteoutName(path);
    if (nameOf(path).startsWith(WHITEOUT)) {
      this.#convertWhiteout(name, path);
      return;
    }
    const existing = this.#model.get(path);
    if (existing && (existing.kind !== 'dir' || header.type !== 'dir')) this.#remove(path);
    await this.#writer.create(path, header, body);
    if (header.type === 'dir') this.#directories.push(header);
    this.#unpacked.add(path);
  }

  /** Gives directories back the times that filling them has disturbed. */
  finish(): Unpacked {
    for (const header of this.#directories) {
      const path = this.#model.resolve(cleanPath(header.name));
      this.#writer.setTimes(path, timesOf(header));
    }
    return {
      model: this.#model,
      opaque: this.#effectiveOpaque(),
      bytes: this.#writer.bytes,
      links: this.#writer.links,
    };
  }

  #makeParents(path: string): void {
    const there = this.#model.get(path);
    if (there?.kind === 'dir') return;
    if (there) throw stepFailure(`mkparent ${textOf(path)}: not a directory`);
    const parent = parentOf(path);
    if (parent !== '/') this.#makeParents(parent);
    const hostPath = this.#writer.makeParent(path);
    if (this.#lowers) inheritDirectory(path, hostPath, this.#lowers);
  }

  #convertWhiteout(name: string, path: string): void {
    const directory = parentOf(path);
    if (nameOf(path) === OPAQUE) {
      if (this.#lowers) this.#opaque.add(directory);
      else this.#empty(directory);
      return;
    }
    const target = join(directory, nameOf(path).slice(WHITEOUT.length));
    if (!this.#lowers) {
      this.#remove(target);
    } else if (this.#model.get(target)) {
      throw stepFailure(`failed to convert whiteout file "${textOf(name)}": file exists`);
    } else {
      this.#writer.makeWhiteout(target);
    }
  }

  /** The effect of an opaque marker if nothing lies below: only entries that came before it stay. */
  #empty(directory: string): void {
    if (this.#emptied.has(directory)) return;
    this.#emptied.add(directory);
    for (const [path] of this.#model.below(directory)) {
      if (this.#model.get(path) && !this.#unpacked.has(path)) this.#remove(path);
    }
  }

  #remove(path: string): void {
    this.#writer.remove(path, (gone) => this.#opaque.delete(gone));
  }

  /** A mark on the layer's root means nothing; inside a marked directory, all directories hide what lies below. */
  #effectiveOpaque(): ReadonlySet<string> {
    const effective = new Set<string>();
    for (const path of this.#opaque) {
      if (path === '/' || !this.#model.isDirectory(path)) continue;
      effective.add(path);
      for (const [below, { kind }] of this.#model.below(path)) if (kind === 'dir') effective.add(below);
    }
    return effective;
  }
}

/** A whiteout must name something in its own directory. */
function checkWhiteoutName(path: string): void {
  const base = nameOf(path);
  if (base === OPAQUE || !base.startsWith(WHITEOUT)) return;
  const name = base.slice(WHITEOUT.length);
  if (name === '' || name === '.' || name === '..') {
    throw stepFailure(`invalid whiteout name: ${textOf(base)}: invalid archive`);
  }
}

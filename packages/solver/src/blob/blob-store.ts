import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ByteStream } from '../archive/byte-source.ts';
import { errnoOf, stepFailure } from '../error/error.ts';
import { parseBlobDigest } from './blob-digest.ts';

const READ_SIZE = 256 * 1024;
/** As many are hashed before others get a turn: some milliseconds. */
const CHUNKS_AT_ONCE = 16;

const fdatasync = promisify(fs.fdatasync);

/**
 * Blobs on disk, each under the digest of its bytes: `blobs/sha256/<hex>`.
 *
 * A blob is written beside the store, hashed on the way, synced and renamed to its place, never changed. So what has its
 * name is whole, unless the disk or another program damaged it: a blob is
 * hashed again when a process reads it for the first time, and one that is damaged is removed, to be fetched anew.
 */
export class BlobStore {
  readonly #root: string;
  readonly #stage: () => string;
  readonly #verified = new Set<string>();

  /**
   * @param root the store's folder
   * @param stage makes a folder for work in progress on the same filesystem, swept when this process is gone
   */
  constructor(root: string, stage: () => string) {
    this.#root = `${root}/blobs`;
    this.#stage = stage;
    fs.mkdirSync(`${this.#root}/sha256`, { recursive: true });
  }

  /** Bytes of a blob that is here; undefined if it is not. */
  size(digest: string): number | undefined {
    const stat = fs.statSync(this.path(digest), { throwIfNoEntry: false });
    return stat?.isFile() ? stat.size : undefined;
  }

  /**
   * True if a blob is here and has the bytes of its name. Reads it unless this process has read or written it; drops it if
   * it is damaged. So what is handed on without being looked at (copied, sent) is right.
   */
  async isSound({ digest, size }: Expected): Promise<boolean> {
    const found = this.size(digest);
    if (found === undefined || (size !== undefined && found !== size)) {
      this.#drop(digest);
      return false;
    }
    if (this.#verified.has(digest)) return true;
    const hash = digestWith(digest);
    let chunks = 0;
    try {
      for (const chunk of readChunks(this.path(digest))) {
        hash.update(chunk);
        if (++chunks % CHUNKS_AT_ONCE === 0) await setImmediate();
      }
    } catch (error) {
      if (errnoOf(error) !== 'EIO' && errnoOf(error) !== 'ENOENT') throw error;
    }
    if (hash.digest('hex') !== parseBlobDigest(digest).hex) {
      this.#drop(digest);
      return false;
    }
    this.#verified.add(digest);
    return true;
  }

  /** The path of a blob, which need not exist. Fails for a malformed digest. */
  path(digest: string): string {
    const { algorithm, hex } = parseBlobDigest(digest);
    return `${this.#root}/${algorithm}/${hex}`;
  }

  /** The whole of a small blob (a manifest, a config); undefined if it is not here or was damaged. */
  read(digest: string): Buffer | undefined {
    if (this.size(digest) === undefined) return undefined;
    let bytes: Buffer;
    try {
      bytes = fs.readFileSync(this.path(digest));
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'EIO') throw error;
      return undefined;
    }
    if (digestWith(digest).update(bytes).digest('hex') === parseBlobDigest(digest).hex) return bytes;
    this.#drop(digest);
    return undefined;
  }

  /**
   * The bytes of a blob that is here, in order. Fails at the end if they are not those of its name; the reader must not
   * keep what it made of them.
   */
  async *stream(digest: string): AsyncGenerator<Uint8Array> {
    const hash = this.#verified.has(digest) ? undefined : digestWith(digest);
    for (const chunk of readChunks(this.path(digest))) {
      hash?.update(chunk);
      yield chunk;
    }
    if (hash && hash.digest('hex') !== parseBlobDigest(digest).hex) {
      this.#drop(digest);
      throw stepFailure(`blob ${digest} was damaged on disk`, {
        hint: 'it has been removed from the store; solve again to fetch it anew',
      });
    }
    this.#verified.add(digest);
  }

  /** Keeps bytes that are in memory; returns their digest. */
  put(bytes: Uint8Array): string {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (this.read(digest)) return digest;
    const writer = this.writer();
    try {
      writer.write(bytes);
      writer.commit({ digest });
    } finally {
      writer.abort();
    }
    return digest;
  }

  /** Keeps a stream whose digest (and size) is known beforehand; fails, keeping nothing, if it is another. */
  async ingest(expected: Expected, stream: ByteStream): Promise<void> {
    const writer = this.writer(expected.digest);
    try {
      for await (const chunk of stream) writer.write(chunk);
      await writer.sync();
      writer.commit(expected);
    } finally {
      writer.abort();
    }
  }

  /** A new blob to be written piece by piece. `digest` only tells the algorithm; sha256 without one. */
  writer(digest?: string): BlobWriter {
    const folder = this.#stage();
    return new BlobWriter(folder, digest ? digestWith(digest) : createHash('sha256'), digest, (found) => {
      const path = this.path(found);
      fs.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
      this.#verified.add(found);
      return path;
    });
  }

  #drop(digest: string): void {
    this.#verified.delete(digest);
    fs.rmSync(this.path(digest), { force: true, recursive: true });
  }
}

/** The digest and size that a blob must have. */
export interface Expected {
  readonly digest: string;
  readonly size?: number;
}

/** One blob being written. `abort` after `commit` does nothing, so that it can stand in a `finally`. */
export class BlobWriter {
  /** Bytes written so far. */
  size = 0;
  readonly #folder: string;
  readonly #fd: number;
  readonly #hash: Hash;
  readonly #algorithm: string;
  readonly #place: (digest: string) => string;
  #open = true;
  /** Bytes that are known to be on the disk. */
  #synced = 0;

  constructor(folder: string, hash: Hash, digest: string | undefined, place: (digest: string) => string) {
    this.#folder = folder;
    this.#fd = fs.openSync(`${folder}/blob`, 'wx', 0o644);
    this.#hash = hash;
    this.#algorithm = digest ? parseBlobDigest(digest).algorithm : 'sha256';
    this.#place = place;
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at += fs.writeSync(this.#fd, chunk, at);
    this.#hash.update(chunk);
    this.size += chunk.length;
  }

  /** The digest of what was written so far. */
  get digest(): string {
    return `${this.#algorithm}:${this.#hash.copy().digest('hex')}`;
  }

  /** Brings a large blob onto the disk while others work; `commit`, which is to follow, makes all work wait for that. */
  async sync(): Promise<void> {
    const { size } = this;
    await fdatasync(this.#fd);
    this.#synced = size;
  }

  /** Puts the blob in its place and returns its digest; fails if it is not what was expected. */
  commit(expected?: Expected): string {
    const digest = this.digest;
    if (expected?.size !== undefined && expected.size !== this.size) {
      throw stepFailure(
        `unexpected commit size ${this.size}, expected ${expected.size}: failed precondition`,
      );
    }
    if (expected && expected.digest !== digest) {
      throw stepFailure(
        `unexpected commit digest ${digest}, expected ${expected.digest}: failed precondition`,
      );
    }
    if (this.#synced < this.size) fs.fdatasyncSync(this.#fd);
    const path = this.#place(digest);
    try {
      // Over what may be there: ours is known to be whole.
      fs.renameSync(`${this.#folder}/blob`, path);
    } catch (error) {
      if (errnoOf(error) !== 'EISDIR') throw error;
      fs.rmSync(path, { recursive: true });
      fs.renameSync(`${this.#folder}/blob`, path);
    }
    this.abort();
    return digest;
  }

  /** Drops what was written. */
  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    fs.closeSync(this.#fd);
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A fresh buffer each time: the reader may keep it. */
function* readChunks(path: string): Generator<Uint8Array> {
  const fd = fs.openSync(path, 'r');
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(READ_SIZE);
      const chunk = buffer.subarray(0, fs.readSync(fd, buffer));
      if (chunk.length === 0) return;
      yield chunk;
    }
  } finally {
    fs.closeSync(fd);
  }
}

function digestWith(digest: string): Hash {
  return createHash(parseBlobDigest(digest).algorithm);
}

import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { ByteSink } from './tar-writer-stream.ts';

/** One deflated piece; large, so that little is lost at its edges. */
const PIECE = 1 << 20;
/** Bytes that are handed over at one time: for every handover a thread waits until this one has time for it. */
const OUTPUT = PIECE / 4;
/** Bytes that deflate can look back at. */
const WINDOW = 32_768;
/** Pieces that are deflated at one time: as many as threads do that for Node. */
const PARALLEL = 4;

const deflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.deflateRaw);

/**
 * Writes one gzip member, its pieces deflated on several threads as pigz does it: each piece starts with what came
 * before as its dictionary and ends on a byte boundary. What comes out depends on the input and the level alone.
 * Name and time are left out, as Go does.
 */
export class GzipWriter implements ByteSink {
  readonly #out: (chunk: Uint8Array) => void;
  readonly #level: number;
  readonly #running: Promise<Buffer>[] = [];
  #piece = Buffer.allocUnsafe(PIECE);
  #used = 0;
  #window: Buffer | undefined;
  #crc = 0;
  #size = 0;

  /** @param level 0–9, -1 for the default (6), -2 for Huffman codes only */
  constructor(out: (chunk: Uint8Array) => void, level: number) {
    this.#out = out;
    this.#level = level;
    const effort = level === 9 ? 2 : level === 1 ? 4 : 0;
    out(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 0xff]));
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      if (this.#used === PIECE) await this.#deflate(false);
      const part = chunk.subarray(from, from + PIECE - this.#used);
      this.#piece.set(part, this.#used);
      this.#used += part.length;
      from += part.length;
    }
  }

  async end(): Promise<void> {
    await this.#deflate(true);
    while (this.#running.length > 0) this.#out(await this.#running.shift()!);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 4);
    this.#out(trailer);
  }

  async #deflate(last: boolean): Promise<void> {
    const piece = this.#piece.subarray(0, this.#used);
    this.#crc = zlib.crc32(piece, this.#crc);
    this.#size += piece.length;
    const { Z_FINISH, Z_SYNC_FLUSH, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY } = zlib.constants;
    const running = deflateRaw(piece, {
      level: Math.max(this.#level, -1),
      strategy: this.#level === -2 ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY,
      chunkSize: OUTPUT,
      finishFlush: last ? Z_FINISH : Z_SYNC_FLUSH,
      ...(this.#window && { dictionary: this.#window }),
    });
    // Its failure is reported where the result is taken.
    running.catch(() => {});
    this.#running.push(running);
    if (piece.length >= WINDOW) this.#window = piece.subarray(piece.length - WINDOW);
    this.#piece = Buffer.allocUnsafe(PIECE);
    this.#used = 0;
    if (this.#running.length >= PARALLEL) this.#out(await this.#running.shift()!);
  }
}

import fs from 'node:fs';
import { fsPath } from '../name/bytes.ts';
import { encodeTarHeader, TAR_END, TAR_ZEROS, tarPadding } from './tar-writer.ts';
import { isHeaderOnly, type NewTarHeader } from './tar-writer-header.ts';

/** A destination of bytes. A chunk is the sink's only until the promise settles: its memory is used again. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
}

const CHUNK = 256 * 1024;

/**
 * Writes an archive entry by entry, in chunks, reading the content of files straight from disk.
 *
 * ```ts
 * const tar = new TarWriter(sink);
 * await tar.entry(header);              // a directory, a link
 * await tar.entry(header, '/host/file') // exactly header.size bytes of the file
 * await tar.end();
 * ```
 */
export class TarWriter {
  readonly #sink: ByteSink;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);
  #used = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** @param hostPath byte string of the file with the content, if `header.size` bytes of it follow */
  async entry(header: NewTarHeader, hostPath?: string): Promise<void> {
    await this.#put(encodeTarHeader(header));
    if (hostPath === undefined || header.size === 0) return;
    await this.#file(hostPath, header);
    await this.#put(TAR_ZEROS.subarray(0, tarPadding(header.size)));
  }

  /** An entry whose content comes as chunks: exactly `header.size` bytes, none for a type that has no content. */
  async entryOf(
    header: NewTarHeader,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    await this.#put(encodeTarHeader(header));
    const size = isHeaderOnly(header.type) ? 0 : header.size;
    let rest = size;
    for await (const chunk of content) {
      rest -= chunk.length;
      if (rest < 0) throw new RangeError('archive/tar: write too long');
      await this.#put(chunk);
    }
    if (rest > 0) throw missed(rest);
    await this.#put(TAR_ZEROS.subarray(0, tarPadding(size)));
  }

  /** Closes the archive and hands out what is left. */
  async end(): Promise<void> {
    await this.#put(TAR_END);
    await this.#flush();
  }

  async #file(hostPath: string, { size, name }: NewTarHeader): Promise<void> {
    const file = fs.openSync(fsPath(hostPath), 'r');
    try {
      for (let rest = size; rest > 0; ) {
        if (this.#used === CHUNK) await this.#flush();
        const read = fs.readSync(file, this.#chunk, this.#used, Math.min(rest, CHUNK - this.#used), null);
        if (read === 0) throw new Error(`${name}: the file became shorter while it was read`);
        this.#used += read;
        rest -= read;
      }
    } finally {
      fs.closeSync(file);
    }
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      if (this.#used === CHUNK) await this.#flush();
      const part = bytes.subarray(from, from + CHUNK - this.#used);
      this.#chunk.set(part, this.#used);
      this.#used += part.length;
      from += part.length;
    }
  }

  async #flush(): Promise<void> {
    if (this.#used > 0) await this.#sink.write(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }
}

function missed(bytes: number): RangeError {
  return new RangeError(`archive/tar: missed writing ${bytes} bytes`);
}

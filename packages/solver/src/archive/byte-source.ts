/** Bytes that arrive in chunks: a file, a body of a response, the output of a decompressor. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Reads a {@link ByteStream} in pieces of the reader's choice, copying only where a piece spans chunks. */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(stream: ByteStream) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /** The next bytes, at most `limit` of them; undefined at the end. */
  async next(limit: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      if (this.#ended) return undefined;
      const { done, value } = await this.#iterator.next();
      if (done) {
        this.#ended = true;
        return undefined;
      }
      this.#chunk = value;
    }
    const bytes = this.#chunk.length <= limit ? this.#chunk : this.#chunk.subarray(0, limit);
    this.#chunk = this.#chunk.subarray(bytes.length);
    return bytes;
  }

  /** Exactly `length` bytes, fewer only where the stream ends. */
  async read(length: number): Promise<Uint8Array> {
    const first = (await this.next(length)) ?? this.#chunk;
    if (first.length === length) return first;
    const parts = [first];
    let missing = length - first.length;
    while (missing > 0) {
      const bytes = await this.next(missing);
      if (!bytes) break;
      parts.push(bytes);
      missing -= bytes.length;
    }
    return Buffer.concat(parts);
  }

  /** Passes over `length` bytes; says how many there were. */
  async skip(length: number): Promise<number> {
    let left = length;
    while (left > 0) {
      const bytes = await this.next(left);
      if (!bytes) break;
      left -= bytes.length;
    }
    return length - left;
  }

  /** The rest that was not read yet, as a stream of its own. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const bytes = await this.next(Number.POSITIVE_INFINITY);
        if (!bytes) return;
        yield bytes;
      }
    } finally {
      await this.close();
    }
  }

  /** Lets the stream release what it holds. Safe to call twice. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#chunk = new Uint8Array(0);
    await this.#iterator.return?.();
  }
}

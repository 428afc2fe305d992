import { stepFailure } from '../error/error.ts';
import { ByteSource, type ByteStream } from './byte-source.ts';
import { applyRecords, parseRecords } from './pax-reader.ts';
import {
  BLOCK_SIZE,
  FORMAT,
  formatsOf,
  type HeaderFields,
  hasContent,
  invalidHeader,
  parseHeader,
  type TarHeader,
  unexpectedEnd,
} from './tar-header.ts';
import { type Fragment, fillHoles, readSparseMap } from './tar-sparse.ts';

/** One entry. The body can be read once, before the next entry is asked for; what is left of it is passed over. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: ByteStream;
}

export interface TarOptions {
  /** Read the stream to its very end, beyond the end mark of the archive. Default: false. */
  readonly drain?: boolean;
}

/** Longest extended header or long name. */
const MAX_METADATA_SIZE = 1 << 20;

/**
 * Reads a tar archive (v7, ustar, PAX, GNU, star) with every name and value kept byte for byte.
 *
 * Behaves as Go's `archive/tar`, whose error texts it has, in what it accepts: two zero blocks or the end of the stream
 * between entries end the archive, padding may be missing at the end, unknown types are handed over as `other`. The old
 * GNU sparse type is one of these, as nothing that reads archives for BuildKit unpacks it.
 */
export async function* readTar(stream: ByteStream, options: TarOptions = {}): AsyncGenerator<TarEntry> {
  const input = new ByteSource(stream);
  try {
    for (;;) {
      const header = await readHeader(input);
      if (!header) break;
      const body = new Body(input, hasContent(header.type) ? header.size : 0);
      const fragments = await readSparseMap(header, input, body);
      yield { header, body: fragments ? sparse(body, fragments, header.size) : body };
      if (!(await body.pass())) break;
    }
    if (options.drain) await input.skip(Number.POSITIVE_INFINITY);
  } finally {
    await input.close();
  }
}

/** The next real header, with the records that precede it applied; undefined at the end of the archive. */
async function readHeader(input: ByteSource): Promise<HeaderFields | undefined> {
  let records = new Map<string, string>();
  let longName = '';
  let longLink = '';
  let formats = FORMAT.ustar | FORMAT.pax | FORMAT.gnu;
  for (;;) {
    const block = await readBlock(input);
    if (!block) return undefined;
    const header = parseHeader(block);
    formats &= formatsOf(block);
    if (header.size < 0 && hasContent(header.type)) throw invalidHeader();
    const flag = String.fromCharCode(header.typeflag);
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      formats &= flag === 'x' || flag === 'g' ? FORMAT.pax : FORMAT.gnu;
      const content = await readMetadata(input, header.size);
      if (flag === 'L') longName = cutAtNul(content);
      else if (flag === 'K') longLink = cutAtNul(content);
      else records = parseRecords(content);
      const padding = paddingOf(header.size);
      const ended = (await input.skip(padding)) < padding;
      if (flag === 'g') return { ...header, size: 0, pax: records, format: formatName(formats) };
      if (ended) return undefined;
      continue;
    }
    applyRecords(header, records);
    if (longName) header.name = longName;
    if (longLink) header.linkname = longLink;
    // The oldest archives mark a directory by its name only.
    if (header.typeflag === 0 && header.name.endsWith('/')) header.type = 'dir';
    if (header.size < 0 && hasContent(header.type)) throw invalidHeader();
    header.format = formatName(formats);
    return header;
  }
}

/** The plainest of the formats that an entry may have. */
function formatName(formats: number): TarHeader['format'] {
  if (formats & FORMAT.ustar) return 'ustar';
  if (formats & FORMAT.pax) return 'pax';
  return formats & FORMAT.gnu ? 'gnu' : 'any';
}

async function readBlock(input: ByteSource): Promise<Uint8Array | undefined> {
  const block = await fullBlock(input);
  if (!block || !isZero(block)) return block;
  const second = await fullBlock(input);
  if (!second || isZero(second)) return undefined;
  throw invalidHeader();
}

async function fullBlock(input: ByteSource): Promise<Uint8Array | undefined> {
  const block = await input.read(BLOCK_SIZE);
  if (block.length === 0) return undefined;
  if (block.length < BLOCK_SIZE) throw unexpectedEnd();
  return block;
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

async function readMetadata(input: ByteSource, size: number): Promise<Uint8Array> {
  if (size > MAX_METADATA_SIZE) throw stepFailure('archive/tar: header field too long');
  const content = await input.read(size);
  if (content.length < size) throw unexpectedEnd();
  return content;
}

function cutAtNul(content: Uint8Array): string {
  const text = Buffer.from(content).toString('latin1');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/** The content of one entry where it stands in the stream. */
class Body implements ByteStream {
  remaining: number;
  readonly #input: ByteSource;
  readonly #padding: number;

  constructor(input: ByteSource, size: number) {
    this.#input = input;
    this.remaining = size;
    this.#padding = paddingOf(size);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.remaining > 0) {
      const bytes = await this.#input.next(this.remaining);
      if (!bytes) throw unexpectedEnd();
      this.remaining -= bytes.length;
      yield bytes;
    }
  }

  /** Goes to the next header; false if the stream ends in the padding, which ends the archive. */
  async pass(): Promise<boolean> {
    if ((await this.#input.skip(this.remaining)) < this.remaining) throw unexpectedEnd();
    this.remaining = 0;
    return (await this.#input.skip(this.#padding)) === this.#padding;
  }
}

function sparse(body: Body, fragments: readonly Fragment[], size: number): ByteStream {
  return { [Symbol.asyncIterator]: () => fillHoles(body[Symbol.asyncIterator](), fragments, size) };
}

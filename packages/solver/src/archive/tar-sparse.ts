/** Files with holes: a PAX archive may hold only their data and a map of where it belongs (GNU formats 0.0, 0.1, 1.0). */
import { stepFailure } from '../error/error.ts';
import type { ByteSource } from './byte-source.ts';
import { parseInt64 } from './pax-reader.ts';
import { BLOCK_SIZE, type HeaderFields, hasContent, invalidHeader, unexpectedEnd } from './tar-header.ts';

/** A piece of data in a sparse file. */
export interface Fragment {
  readonly offset: number;
  readonly length: number;
}

const MAX_MAP_SIZE = 1 << 20;

/**
 * The map of a sparse file, undefined if the entry is an ordinary one. Sets the header's real name and size. In format
 * 1.0 the map stands in front of the data: `physical` is what the entry has left in the archive, and is lowered by it.
 */
export async function readSparseMap(
  header: HeaderFields,
  input: ByteSource,
  physical: { remaining: number },
): Promise<readonly Fragment[] | undefined> {
  const record = (key: string) => header.pax.get(`GNU.sparse.${key}`) ?? '';
  const version = `${record('major')}.${record('minor')}`;
  const oldFormat = version === '0.0' || version === '0.1' || (version === '.' && record('map') !== '');
  if (!oldFormat && version !== '1.0') return undefined;
  if (record('name')) header.name = record('name');
  const size = record('size') || record('realsize');
  if (size) header.size = decimal(size);
  const fragments = oldFormat
    ? mapOf(record('map') === '' ? [] : record('map').split(','), decimal(record('numblocks')))
    : await readLeadingMap(input, physical);
  if (!hasContent(header.type) || !isValid(fragments, header.size)) throw invalidHeader();
  return fragments;
}

async function readLeadingMap(
  input: ByteSource,
  physical: { remaining: number },
): Promise<readonly Fragment[]> {
  let read = '';
  const lines: string[] = [];
  const wantLines = async (count: number) => {
    while (lines.length < count) {
      if (read.length >= MAX_MAP_SIZE) throw stepFailure('archive/tar: sparse map too long');
      if (physical.remaining < BLOCK_SIZE) throw unexpectedEnd();
      const block = Buffer.from(await input.read(BLOCK_SIZE));
      physical.remaining -= block.length;
      if (block.length < BLOCK_SIZE) throw unexpectedEnd();
      read += block.toString('latin1');
      const complete = read.split('\n');
      complete.pop();
      lines.splice(0, lines.length, ...complete);
    }
  };
  await wantLines(1);
  const count = decimal(lines[0] ?? '');
  if (count > MAX_MAP_SIZE) throw stepFailure('archive/tar: sparse map too long');
  await wantLines(1 + 2 * count);
  return mapOf(lines.slice(1, 1 + 2 * count), count);
}

function mapOf(numbers: readonly string[], count: number): readonly Fragment[] {
  if (numbers.length !== 2 * count) throw invalidHeader();
  const fragments: Fragment[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    fragments.push({ offset: decimal(numbers[i] ?? ''), length: decimal(numbers[i + 1] ?? '') });
  }
  return fragments;
}

function decimal(text: string): number {
  const value = parseInt64(text);
  if (value === undefined || value < 0n) throw invalidHeader();
  return Number(value);
}

/** In order, not overlapping, within the file. */
function isValid(fragments: readonly Fragment[], size: number): boolean {
  let end = 0;
  for (const { offset, length } of fragments) {
    if (offset < end || offset + length > size) return false;
    end = offset + length;
  }
  return size >= 0;
}

const ZEROES = new Uint8Array(65_536);

/** The file as it reads: data where the map has some, zeroes elsewhere. */
export async function* fillHoles(
  data: AsyncIterator<Uint8Array>,
  fragments: readonly Fragment[],
  size: number,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  let chunk: Uint8Array = new Uint8Array(0);
  for (const { offset, length } of fragments) {
    yield* zeroes(offset - position);
    let left = length;
    while (left > 0) {
      if (chunk.length === 0) {
        const next = await data.next();
        if (next.done) throw stepFailure('archive/tar: sparse file references non-existent data');
        chunk = next.value;
      }
      const bytes = chunk.subarray(0, left);
      chunk = chunk.subarray(bytes.length);
      left -= bytes.length;
      yield bytes;
    }
    position = offset + length;
  }
  yield* zeroes(size - position);
  if (chunk.length > 0 || !(await data.next()).done) {
    throw stepFailure('archive/tar: sparse file contains unreferenced data');
  }
}

function* zeroes(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROES.length) yield ZEROES.subarray(0, left);
}

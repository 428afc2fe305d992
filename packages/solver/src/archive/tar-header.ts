/**
 * The 512 bytes that stand before each entry of a tar archive, read as leniently as Go's `archive/tar` reads them: the
 * archives that BuildKit can unpack are the ones that package can read, and an archive is recognised by its first header.
 */
import { stepFailure } from '../error/error.ts';

export const BLOCK_SIZE = 512;

export type TarEntryType =
  | 'file'
  | 'dir'
  | 'symlink'
  | 'hardlink'
  | 'char'
  | 'block'
  | 'fifo'
  /** PAX records about the archive as a whole; no entry. */
  | 'global'
  /** Something that cannot be unpacked (`unhandled tar header type N`). */
  | 'other';

export interface TarHeader {
  /** As it stands in the archive, not cleaned: may be absolute, hold `..`, end with `/`. A byte string, as all names here. */
  readonly name: string;
  readonly linkname: string;
  readonly type: TarEntryType;
  /** The byte that gave `type`. */
  readonly typeflag: number;
  /** Permission bits with setuid 0o4000, setgid 0o2000, sticky 0o1000. */
  readonly mode: number;
  /** The mode as it stands in the archive, maybe with type bits. */
  readonly rawMode: number;
  /** 0 to 2^32-1; the kernel takes the last number to mean "leave the owner". */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that the entry claims to have. */
  readonly size: number;
  /** Nanoseconds since 1970, may be negative. */
  readonly mtimeNs: bigint;
  readonly atimeNs: bigint | undefined;
  readonly ctimeNs: bigint | undefined;
  readonly uname: string;
  readonly gname: string;
  /** In which format the entry is written, as far as it keeps to one; `any` if it does not. */
  readonly format: 'any' | 'ustar' | 'pax' | 'gnu';
  readonly major: number;
  readonly minor: number;
  /** Values are bytes; names are byte strings, with their namespace. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** All PAX records of the entry, keys and values as byte strings. */
  readonly pax: ReadonlyMap<string, string>;
}

/** A header while its extended records are being applied. */
export type HeaderFields = { -readonly [K in keyof TarHeader]: TarHeader[K] };

export const invalidHeader = () => stepFailure('archive/tar: invalid tar header');
export const unexpectedEnd = () => stepFailure('unexpected EOF');

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
  g: 'global',
};

export function typeOf(typeflag: number): TarEntryType {
  return TYPES[String.fromCharCode(typeflag)] ?? 'other';
}

/** True if content follows the header; the size of other entries means nothing. */
export function hasContent(type: TarEntryType): boolean {
  return type === 'file' || type === 'other' || type === 'global';
}

/** Formats that a block may belong to, as bits, so that an entry of several blocks belongs to what they have in common. */
export const FORMAT = { ustar: 1, pax: 2, gnu: 4 } as const;

/** Reads a header block; throws where the checksum or a number is wrong. */
export function parseHeader(bytes: Uint8Array): HeaderFields {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!checksumMatches(block)) throw invalidHeader();
  const typeflag = block[156] ?? 0;
  const header: HeaderFields = {
    name: text(block, 0, 100),
    linkname: text(block, 157, 100),
    type: typeOf(typeflag),
    typeflag,
    mode: Number(number(block, 100, 8) & 0o7777n),
    rawMode: Number(number(block, 100, 8)),
    uid: unsigned32(number(block, 108, 8)),
    gid: unsigned32(number(block, 116, 8)),
    size: Number(number(block, 124, 12)),
    mtimeNs: number(block, 136, 12) * 1_000_000_000n,
    atimeNs: undefined,
    ctimeNs: undefined,
    uname: '',
    gname: '',
    format: 'any',
    major: 0,
    minor: 0,
    xattrs: new Map(),
    pax: new Map(),
  };
  const prefix = readExtension(block, header);
  if (prefix) header.name = `${prefix}/${header.name}`;
  return header;
}

/** The {@link FORMAT} bits of a header block: none where it breaks its format's rules, as Go judges. */
export function formatsOf(bytes: Uint8Array): number {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (block.toString('latin1', 257, 265) === 'ustar  \0') return areGnuTimes(block) ? FORMAT.gnu : 0;
  const star = block.toString('latin1', 508) === 'tar\0';
  if (star || block.toString('latin1', 257, 263) !== 'ustar\0') return 0;
  // Size, mode, ids, time and device numbers have to end with NUL.
  const ends = [135, 107, 115, 123, 147, 336, 344].every((end) => block[end] === 0);
  return ends && block.every((byte) => byte < 0x80) ? FORMAT.ustar | FORMAT.pax : 0;
}

function areGnuTimes(block: Buffer): boolean {
  try {
    for (const offset of [345, 357]) if (block[offset] !== 0) number(block, offset, 12);
    return true;
  } catch {
    return false;
  }
}

/** The part behind the old header, in one of three formats. Returns what belongs in front of the name. */
function readExtension(block: Buffer, header: HeaderFields): string {
  const magic = block.toString('latin1', 257, 265);
  const ustar = magic.startsWith('ustar\0');
  const gnu = magic === 'ustar  \0';
  if (!ustar && !gnu) return '';
  header.uname = text(block, 265, 32);
  header.gname = text(block, 297, 32);
  header.major = unsigned32(number(block, 329, 8));
  header.minor = unsigned32(number(block, 337, 8));
  if (ustar && block.toString('latin1', 508) !== 'tar\0') return text(block, 345, 155);
  if (ustar) {
    header.atimeNs = number(block, 476, 12) * 1_000_000_000n;
    header.ctimeNs = number(block, 488, 12) * 1_000_000_000n;
    return text(block, 345, 131);
  }
  return readGnuTimes(block, header);
}

/** Old versions of Go wrote a name prefix where GNU has its times: what is no time but ASCII is taken for one. */
function readGnuTimes(block: Buffer, header: HeaderFields): string {
  try {
    if (block[345] !== 0) header.atimeNs = number(block, 345, 12) * 1_000_000_000n;
    if (block[357] !== 0) header.ctimeNs = number(block, 357, 12) * 1_000_000_000n;
    return '';
  } catch {
    header.atimeNs = undefined;
    header.ctimeNs = undefined;
    const prefix = text(block, 345, 155);
    return [...prefix].every((byte) => byte < '\x80') ? prefix : '';
  }
}

/** Some programs sum signed bytes. */
function checksumMatches(block: Buffer): boolean {
  let unsigned = 8 * 32;
  let signed = 8 * 32;
  for (let i = 0; i < BLOCK_SIZE; i++) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stored = octal(block.toString('latin1', 148, 156));
  return stored === BigInt(unsigned) || stored === BigInt(signed);
}

/** Up to the first NUL, else the whole field. */
function text(block: Buffer, offset: number, length: number): string {
  const field = block.toString('latin1', offset, offset + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}

/** A number in octal digits, or as a big-endian two's complement when the first bit is set. */
function number(block: Buffer, offset: number, length: number): bigint {
  if ((block[offset] ?? 0) < 0x80) {
    const value = octal(block.toString('latin1', offset, offset + length));
    if (value === undefined) throw invalidHeader();
    return value;
  }
  const bits = 8 * length;
  let raw = BigInt(`0x${block.toString('hex', offset, offset + length)}`);
  // The first bit only marks the encoding; the second is the sign.
  raw = BigInt.asIntN(bits - 1, raw);
  if (raw !== BigInt.asIntN(64, raw)) throw invalidHeader();
  return raw;
}

/** Digits between blanks and NULs; none are zero; undefined if there is anything else. */
function octal(field: string): bigint | undefined {
  let start = 0;
  let end = field.length;
  while (start < end && isPadding(field.charCodeAt(start))) start++;
  while (end > start && isPadding(field.charCodeAt(end - 1))) end--;
  const nul = field.indexOf('\0', start);
  if (nul >= 0 && nul < end) end = nul;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = field.charCodeAt(i) - 48;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return BigInt(value);
}

function isPadding(code: number): boolean {
  return code === 0 || code === 32;
}

/** The part of Go's 64-bit id that a system call sees. */
export function unsigned32(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

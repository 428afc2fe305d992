/**
 * Tar headers, byte for byte as Go's `archive/tar` writes them: that is what makes a layer's diff ID equal BuildKit's.
 *
 * ```ts
 * sink(encodeTarHeader({ type: TAR_TYPE.file, name: 'etc/motd', size: 6, mode: 0o644, uid: 0, gid: 0, mtimeNs, format: 'pax' }));
 * sink(content);
 * sink(TAR_ZEROS.subarray(0, tarPadding(6)));
 * sink(TAR_END);
 * ```
 */
import { cannotEncode, chooseFormat, fitsOctal, splitName, wholeSeconds } from './tar-writer-format.ts';
import { BLOCK, NAME_SIZE, type NewTarHeader, TAR_TYPE, type TarFormat } from './tar-writer-header.ts';

/** The two zero blocks that close an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);
/** Zeros to take padding from. */
export const TAR_ZEROS: Buffer = Buffer.alloc(BLOCK);

/** Zero bytes that follow content of this size. */
export function tarPadding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/**
 * The blocks of one entry up to its content: extended headers where needed, then the header itself. Throws a RangeError
 * for what tar cannot say, such as an extended attribute with `=` in its name.
 */
export function encodeTarHeader(header: NewTarHeader): Buffer {
  const timed = header.format === 'any' ? rounded(header) : header;
  const { format, records } = chooseFormat(timed);
  switch (format) {
    case 'ustar':
      return ustarBlock(timed);
    case 'pax':
      return paxBlocks(timed, records);
    case 'gnu':
      return gnuBlocks(timed);
  }
}

/** Without a chosen format, Go rounds to the nearest second (a half goes up) and forgets the other times. */
function rounded({ atimeNs: _a, ctimeNs: _c, ...header }: NewTarHeader): NewTarHeader {
  return { ...header, mtimeNs: wholeSeconds(header.mtimeNs + 500_000_000n) * 1_000_000_000n };
}

function ustarBlock(header: NewTarHeader): Buffer {
  const split = splitName(header.name);
  const block = mainBlock(split ? { ...header, name: split.name } : header, putText, putOctal);
  if (split) putText(block, FIELDS.prefix, split.prefix);
  return seal(block, 'ustar');
}

function paxBlocks(header: NewTarHeader, records: ReadonlyMap<string, string>): Buffer {
  const global = header.type === TAR_TYPE.globalPax;
  const extended =
    records.size > 0 || global
      ? rawFile(
          global ? header.name || 'GlobalHead.0.0' : paxName(header.name),
          Buffer.from(paxRecords(records), 'latin1'),
          global ? TAR_TYPE.globalPax : 'x',
          'pax',
        )
      : [];
  if (global) return Buffer.concat(extended);
  const block = mainBlock(header, (b, field, text) => putText(b, field, asciiOf(text)), putOctal);
  return Buffer.concat([...extended, seal(block, 'pax')]);
}

function gnuBlocks(header: NewTarHeader): Buffer {
  const long = (text: string, type: string) =>
    text.length > NAME_SIZE ? rawFile('././@LongLink', Buffer.from(`${text}\0`, 'latin1'), type, 'gnu') : [];
  const block = mainBlock(header, putText, putNumber);
  if (header.atimeNs !== undefined) putNumber(block, FIELDS.gnuAtime, Number(wholeSeconds(header.atimeNs)));
  if (header.ctimeNs !== undefined) putNumber(block, FIELDS.gnuCtime, Number(wholeSeconds(header.ctimeNs)));
  return Buffer.concat([...long(header.name, 'L'), ...long(header.linkname ?? '', 'K'), seal(block, 'gnu')]);
}

/** Offset and size of each field. */
const FIELDS = {
  name: [0, NAME_SIZE],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, NAME_SIZE],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
  gnuAtime: [345, 12],
  gnuCtime: [357, 12],
} as const satisfies Record<string, Field>;

type Field = readonly [offset: number, size: number];
type PutText = (block: Buffer, field: Field, text: string) => void;
type PutNumber = (block: Buffer, field: Field, value: number) => void;

function mainBlock(header: NewTarHeader, text: PutText, number: PutNumber): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(header.type, FIELDS.type[0], 'latin1');
  text(block, FIELDS.name, header.name);
  text(block, FIELDS.linkname, header.linkname ?? '');
  number(block, FIELDS.mode, header.mode);
  number(block, FIELDS.uid, header.uid);
  number(block, FIELDS.gid, header.gid);
  number(block, FIELDS.size, header.size);
  number(block, FIELDS.mtime, Number(wholeSeconds(header.mtimeNs)));
  text(block, FIELDS.uname, header.uname ?? '');
  text(block, FIELDS.gname, header.gname ?? '');
  number(block, FIELDS.major, header.major ?? 0);
  number(block, FIELDS.minor, header.minor ?? 0);
  return block;
}

/** A file that only carries data about the next one. */
function rawFile(name: string, data: Buffer, type: string, format: TarFormat): Buffer[] {
  // Go refuses what its own reader would not take.
  if (data.length > 1 << 20) throw cannotEncode('header field too long');
  const block = Buffer.alloc(BLOCK);
  block.write(type, FIELDS.type[0], 'latin1');
  putText(block, FIELDS.name, asciiOf(name).slice(0, NAME_SIZE).replace(/\/+$/, ''));
  for (const field of [FIELDS.mode, FIELDS.uid, FIELDS.gid, FIELDS.mtime]) putOctal(block, field, 0);
  putOctal(block, FIELDS.size, data.length);
  return [seal(block, format), data, TAR_ZEROS.subarray(0, tarPadding(data.length))];
}

/** Writes magic and checksum: the header is complete after that. */
function seal(block: Buffer, format: TarFormat): Buffer {
  block.write(format === 'gnu' ? 'ustar  \0' : 'ustar\x0000', FIELDS.magic[0], 'latin1');
  // The checksum field itself counts as eight spaces.
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) sum += block[i] ?? 0;
  const [offset] = FIELDS.checksum;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, offset, 'latin1');
  return block;
}

function putText(block: Buffer, [offset, size]: Field, text: string): void {
  block.write(text, offset, size, 'latin1');
  // Some readers take a file for a directory if its cut name ends with a slash; Go cuts there too.
  if (text.length > size && block[offset + size - 1] === 0x2f) {
    block[offset + text.slice(0, size - 1).replace(/\/+$/, '').length] = 0;
  }
}

function putOctal(block: Buffer, [offset, size]: Field, value: number): void {
  // A value that does not fit stands in a PAX record; the field is zero then.
  const digits = (fitsOctal(size, value) ? value : 0).toString(8);
  block.write(digits.padStart(size - 1, '0'), offset, 'latin1');
}

/** Octal, else GNU's big-endian two's complement with the top bit set. */
function putNumber(block: Buffer, field: Field, value: number): void {
  const [offset, size] = field;
  if (fitsOctal(size, value)) {
    putOctal(block, field, value);
    return;
  }
  let rest = BigInt(value);
  for (let i = offset + size - 1; i >= offset; i--) {
    block[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[offset] = (block[offset] ?? 0) | 0x80;
}

function asciiOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL and non-ASCII bytes are dropped.
  return text.replace(/[\x00\x80-\xff]+/g, '');
}

/** `a/b` → `a/PaxHeaders.0/b`, `a/` → `a/PaxHeaders.0`, with the path cleaned. */
function paxName(name: string): string {
  const cut = name.lastIndexOf('/') + 1;
  return cleanRelative(`${name.slice(0, cut)}/PaxHeaders.0/${name.slice(cut)}`, name.startsWith('/'));
}

function cleanRelative(path: string, absolute: boolean): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push(part);
  }
  return (absolute ? '/' : '') + kept.join('/');
}

function paxRecords(records: ReadonlyMap<string, string>): string {
  let all = '';
  for (const key of [...records.keys()].sort()) {
    const rest = ` ${key}=${records.get(key) ?? ''}\n`;
    // The length counts its own digits.
    let length = rest.length + String(rest.length).length;
    length = rest.length + String(length).length;
    all += `${length}${rest}`;
  }
  return all;
}

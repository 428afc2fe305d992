import type { FileType } from '../../name/entry.ts';
import type { KnownEntry } from './tree-digest.ts';

/** The file that a metadata-only transfer adds at the root. */
export const METADATA_FILE = '.fsutil-metadata';

/** Bits of Go's `fs.FileMode`, which is what travels. */
const TYPE_BITS: Readonly<Record<FileType, number>> = {
  file: 0,
  socket: 0,
  dir: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  fifo: 2 ** 25,
  char: 2 ** 26 + 2 ** 21,
};

/**
 * The content of {@link METADATA_FILE}: for every entry, four bytes of little-endian length and a `fsutil.types.Stat`
 * message (fsutil `receive.go`).
 */
export function encodeMetadata(entries: Iterable<KnownEntry>): Buffer {
  const parts: Buffer[] = [];
  for (const known of entries) {
    const message = encodeStat(known);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(message.length);
    parts.push(length, message);
  }
  return Buffer.concat(parts);
}

function encodeStat({ entry: { path, stat, linkTo }, row }: KnownEntry): Buffer {
  const size = stat.type === 'file' || stat.type === 'symlink' ? stat.size : 0;
  return Buffer.concat([
    bytesField(1, Buffer.from(path, 'latin1')),
    numberField(2, BigInt(goMode(stat.type, stat.mode))),
    // Owners (3, 4) are root's.
    numberField(5, BigInt(size)),
    numberField(6, stat.mtimeNs),
    bytesField(7, Buffer.from(linkTo ?? row.target, 'latin1')),
    numberField(8, BigInt(stat.major)),
    numberField(9, BigInt(stat.minor)),
    ...row.xattrs.map(([name, value]) =>
      bytesField(
        10,
        Buffer.concat([
          field(1, 2),
          lengthDelimited(Buffer.from(name, 'latin1')),
          field(2, 2),
          lengthDelimited(Buffer.from(value, 'base64')),
        ]),
      ),
    ),
  ]);
}

function goMode(type: FileType, mode: number): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return TYPE_BITS[type] + special + (mode & 0o777);
}

function numberField(id: number, value: bigint): Buffer {
  return value === 0n ? EMPTY : Buffer.concat([field(id, 0), varint(BigInt.asUintN(64, value))]);
}

function bytesField(id: number, value: Buffer): Buffer {
  return value.length === 0 ? EMPTY : Buffer.concat([field(id, 2), lengthDelimited(value)]);
}

const EMPTY = Buffer.alloc(0);

function lengthDelimited(value: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(value.length)), value]);
}

function field(id: number, wireType: number): Buffer {
  return varint(BigInt(id * 8 + wireType));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** PAX extended headers: `LENGTH KEY=VALUE\n` records that correct and extend the header that follows. */
import { type HeaderFields, invalidHeader, unsigned32 } from './tar-header.ts';

const XATTR_PREFIX = 'SCHILY.xattr.';
const NAMES = new Set(['path', 'linkpath', 'uname', 'gname']);

/** Reads the records; the last of two with one key counts. Throws where one is malformed. */
export function parseRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  const sparseMap: string[] = [];
  let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  while (rest !== '') {
    const space = rest.indexOf(' ');
    const length = Number(space > 0 ? parseInt64(rest.slice(0, space)) : undefined);
    if (!(length >= 5 && length <= rest.length && length > space + 1)) throw invalidHeader();
    const record = rest.slice(space + 1, length - 1);
    const equals = record.indexOf('=');
    if (rest[length - 1] !== '\n' || equals <= 0) throw invalidHeader();
    rest = rest.slice(length);
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if ((NAMES.has(key) ? value : key).includes('\0')) throw invalidHeader();
    // The oldest sparse format repeats its keys; joined, they are the next one's map.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const offset = sparseMap.length % 2 === 0;
      if (offset !== (key === 'GNU.sparse.offset') || value.includes(',')) throw invalidHeader();
      sparseMap.push(value);
    } else {
      records.set(key, value);
    }
  }
  if (sparseMap.length > 0) records.set('GNU.sparse.map', sparseMap.join(','));
  return records;
}

/** Applies records to the header they precede. An empty value leaves the header's own. */
export function applyRecords(header: HeaderFields, records: ReadonlyMap<string, string>): void {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(XATTR_PREFIX))
      xattrs.set(key.slice(XATTR_PREFIX.length), Buffer.from(value, 'latin1'));
    if (value === '') continue;
    if (key === 'path') header.name = value;
    else if (key === 'linkpath') header.linkname = value;
    else if (key === 'uid') header.uid = unsigned32(requireInt64(value));
    else if (key === 'gid') header.gid = unsigned32(requireInt64(value));
    else if (key === 'size') header.size = Number(requireInt64(value));
    else if (key === 'mtime') header.mtimeNs = parseTime(value);
    else if (key === 'atime') header.atimeNs = parseTime(value);
    else if (key === 'ctime') header.ctimeNs = parseTime(value);
    else if (key === 'uname') header.uname = value;
    else if (key === 'gname') header.gname = value;
  }
  header.xattrs = xattrs;
  header.pax = records;
}

function parseTime(value: string): bigint {
  const dot = value.indexOf('.');
  const seconds = requireInt64(dot < 0 ? value : value.slice(0, dot));
  const fraction = dot < 0 ? '' : value.slice(dot + 1);
  if (!/^[0-9]*$/.test(fraction)) throw invalidHeader();
  const nanoseconds = BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return seconds * 1_000_000_000n + (value.startsWith('-') ? -nanoseconds : nanoseconds);
}

function requireInt64(value: string): bigint {
  const parsed = parseInt64(value);
  if (parsed === undefined) throw invalidHeader();
  return parsed;
}

/** Decimal digits with an optional sign, within 64 bits; undefined for anything else. */
export function parseInt64(value: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(value)) return undefined;
  const parsed = value.startsWith('+') ? BigInt(value.slice(1)) : BigInt(value);
  return parsed === BigInt.asIntN(64, parsed) ? parsed : undefined;
}

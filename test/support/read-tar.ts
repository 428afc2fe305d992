import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { compareAsBytes, textOfBytes } from './bytes-text.ts';
import type { FileTree, TreeEntry } from './tree.ts';

/** Entries older than this carry a time that somebody set. 2020-01-01, seconds. */
const OLD = 1_577_836_800;
const BLOCK = 512;
const TYPES: Readonly<Record<string, TreeEntry['type']>> = {
  '0': 'file',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
};

interface Header {
  readonly name: Buffer;
  readonly linkname: Buffer;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly dev: string;
  readonly pax: ReadonlyMap<string, Buffer>;
}

/**
 * Reads a tar (ustar with PAX records, what Go's `archive/tar` writes) as a tree.
 *
 * Written apart from the solver's own tar code on purpose: a test that shared it could not see its mistakes.
 */
export function readTar(path: string): FileTree {
  const file = openSync(path, 'r');
  try {
    return treeOf(readEntries(file));
  } finally {
    closeSync(file);
  }
}

function* readEntries(file: number): Generator<{ readonly header: Header; readonly sha256: string }> {
  let pax: ReadonlyMap<string, Buffer> = new Map();
  for (let offset = 0; ; ) {
    const block = readAt(file, offset, BLOCK);
    offset += BLOCK;
    if (block.every((byte) => byte === 0)) return;
    const header = parseHeader(block, pax);
    const padded = Math.ceil(header.size / BLOCK) * BLOCK;
    if (header.type === 'x') {
      pax = parsePax(readAt(file, offset, header.size));
    } else if (header.type !== 'g') {
      yield { header, sha256: header.type === '0' ? hashAt(file, offset, header.size) : '' };
      pax = new Map();
    }
    offset += padded;
  }
}

function treeOf(entries: Iterable<{ readonly header: Header; readonly sha256: string }>): FileTree {
  const tree = new Map<string, TreeEntry>();
  const groups = new Map<string, string[]>();
  for (const { header, sha256 } of entries) {
    const path = cleanPath(header.name);
    if (path === '/') continue;
    if (header.type !== '1') {
      tree.set(path, entryOf(path, header, sha256));
      continue;
    }
    const target = cleanPath(header.linkname);
    const first = tree.get(target);
    if (first === undefined) {
      tree.set(path, { path, type: 'dangling hard link', mode: '', uid: 0, gid: 0, linkname: target });
      continue;
    }
    const head = [...groups.entries()].find(([, names]) => names.includes(target))?.[0] ?? target;
    groups.set(head, [...(groups.get(head) ?? [head]), path]);
    tree.set(path, { ...first, path });
  }
  for (const names of groups.values()) {
    const links = [...names].sort(compareAsBytes)[0] ?? '';
    for (const name of names) {
      const entry = tree.get(name);
      if (entry) tree.set(name, { ...entry, links });
    }
  }
  return [...tree.values()].sort((a, b) => compareAsBytes(a.path, b.path));
}

function entryOf(path: string, header: Header, sha256: string): TreeEntry {
  const type = TYPES[header.type];
  if (type === undefined) throw new Error(`tar entry ${path} has the unknown type ${header.type}`);
  const xattrs = xattrsOf(header.pax);
  return {
    path,
    type,
    mode: type === 'symlink' ? '0777' : (header.mode & 0o7777).toString(8).padStart(4, '0'),
    uid: header.uid,
    gid: header.gid,
    ...(type === 'file' && { size: header.size, sha256 }),
    ...(type === 'symlink' && { linkname: textOfBytes(header.linkname) }),
    ...((type === 'char' || type === 'block') && { dev: header.dev }),
    ...(xattrs && { xattrs }),
    ...(header.mtime < OLD && {
      mtime: `${Math.round(header.mtime)}${header.mtime === 0 ? '' : '000000000'}`,
    }),
  };
}

function xattrsOf(pax: ReadonlyMap<string, Buffer>): Readonly<Record<string, string>> | undefined {
  const prefix = 'SCHILY.xattr.';
  const found = [...pax]
    .filter(([key]) => key.startsWith(prefix) && !key.startsWith(`${prefix}trusted.overlay.`))
    .map(([key, value]) => [key.slice(prefix.length), value.toString('base64')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function parseHeader(block: Buffer, pax: ReadonlyMap<string, Buffer>): Header {
  const prefix = field(block, 345, 155);
  const name = field(block, 0, 100);
  const isUstar = block.toString('latin1', 257, 262) === 'ustar';
  const type = String.fromCharCode(block[156] || 0x30);
  return {
    name:
      pax.get('path') ??
      (isUstar && prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name),
    linkname: pax.get('linkpath') ?? field(block, 157, 100),
    type: type === '7' ? '0' : type,
    mode: number(block, 100, 8),
    uid: paxNumber(pax, 'uid') ?? number(block, 108, 8),
    gid: paxNumber(pax, 'gid') ?? number(block, 116, 8),
    size: paxNumber(pax, 'size') ?? number(block, 124, 12),
    mtime: paxNumber(pax, 'mtime') ?? number(block, 136, 12),
    dev: `${number(block, 329, 8)}:${number(block, 337, 8)}`,
    pax,
  };
}

/** Records `LENGTH KEY=VALUE\n`, with LENGTH counting the whole record in bytes. */
function parsePax(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (!(length > 0)) throw new Error('a PAX record without a length');
    const equals = bytes.indexOf(0x3d, space);
    records.set(bytes.toString('utf8', space + 1, equals), bytes.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

function paxNumber(pax: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = pax.get(key);
  return value === undefined ? undefined : Number(value.toString('latin1'));
}

/** Octal digits, or a big-endian number marked by the top bit of the first byte. */
function number(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  if ((first & 0x80) === 0)
    return Number.parseInt(field(block, start, length).toString('latin1').trim() || '0', 8);
  if (first === 0xff) return Number(BigInt.asIntN(64, block.readBigUInt64BE(start + length - 8)));
  return Number(block.readBigUInt64BE(start + length - 8) & 0x00ff_ffff_ffff_ffffn);
}

function field(block: Buffer, start: number, length: number): Buffer {
  const whole = block.subarray(start, start + length);
  const end = whole.indexOf(0);
  return end < 0 ? whole : whole.subarray(0, end);
}

function cleanPath(name: Buffer): string {
  const parts = textOfBytes(name).split('/');
  return `/${parts.filter((part) => part !== '' && part !== '.').join('/')}`;
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) throw new Error('the tar ends in the middle of an entry');
    done += count;
  }
  return bytes;
}

function hashAt(file: number, offset: number, size: number): string {
  const hash = createHash('sha256');
  for (let done = 0; done < size; ) {
    const piece = readAt(file, offset + done, Math.min(1 << 20, size - done));
    hash.update(piece);
    done += piece.length;
  }
  return hash.digest('hex');
}

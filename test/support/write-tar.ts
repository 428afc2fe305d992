import { bytesOfText } from './bytes-text.ts';

/** One entry of an archive that a test makes. Everything is written as it stands, also what no sane archive holds. */
export interface ArchiveEntry {
  /** As it is to stand in the archive: no slash is added or removed. */
  readonly name: string;
  /** Default: `file`. */
  readonly type?: 'file' | 'dir' | 'symlink' | 'hardlink' | 'fifo' | 'char' | 'block';
  /** Default: 0o755 for directories, else 0o644. */
  readonly mode?: number;
  /** Default: 0. */
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. Default: 1,000,000,000. */
  readonly mtime?: number;
  readonly content?: string | Uint8Array;
  readonly linkname?: string;
  /** `[major, minor]`. */
  readonly dev?: readonly [number, number];
  readonly xattrs?: Readonly<Record<string, string>>;
}

const BLOCK = 512;
const TYPE_FLAGS = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
} as const;

/** An archive in ustar form, with PAX records where a value does not fit. */
export function writeTar(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(2 * BLOCK)]);
}

function entryBlocks(entry: ArchiveEntry): Buffer[] {
  const type = entry.type ?? 'file';
  const content =
    typeof entry.content === 'string' ? Buffer.from(entry.content) : Buffer.from(entry.content ?? '');
  const records = paxRecords(entry);
  const header = headerBlock(entry, TYPE_FLAGS[type], content.length);
  const blocks = [header, padded(content)];
  if (records.length === 0) return blocks;
  return [
    headerBlock({ name: 'PaxHeaders/record', mode: 0o644 }, 'x', records.length),
    padded(records),
    ...blocks,
  ];
}

function paxRecords(entry: ArchiveEntry): Buffer {
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer) => records.push(paxRecord(key, value));
  if (bytesOfText(entry.name).length > 100) add('path', bytesOfText(entry.name));
  if (entry.linkname !== undefined && bytesOfText(entry.linkname).length > 100)
    add('linkpath', bytesOfText(entry.linkname));
  for (const [name, value] of Object.entries(entry.xattrs ?? {}))
    add(`SCHILY.xattr.${name}`, Buffer.from(value));
  return Buffer.concat(records);
}

/** The length counts its own digits, so it is tried until it fits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function headerBlock(entry: ArchiveEntry, flag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  bytesOfText(entry.name).copy(block, 0, 0, 100);
  octal(entry.mode ?? (entry.type === 'dir' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(entry.mtime ?? 1_000_000_000, 136, 12);
  block.fill(0x20, 148, 156);
  block.write(flag, 156, 'latin1');
  bytesOfText(entry.linkname ?? '').copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(entry.dev?.[0] ?? 0, 329, 8);
  octal(entry.dev?.[1] ?? 0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(content: Uint8Array): Buffer {
  const block = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK);
  block.set(content);
  return block;
}

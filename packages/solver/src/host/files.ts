/** Node's synchronous `fs` over byte strings, in the words of `tree/`. Synchronous calls are 3–4 times cheaper here. */
import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { compareBytes, fsPath } from '../tree/bytes.ts';
import type { EntryStat, FileType } from '../tree/entry.ts';

const TYPES: Readonly<Record<number, FileType>> = {
  2401: 'fifo',
  4802: 'char',
  9604: 'dir',
  14406: 'block',
  16807: 'file',
  21609: 'symlink',
  26411: 'socket',
};

/** `lstat`; undefined if nothing is there (also below a file). */
export function lstat(path: string): EntryStat | undefined {
  let found: fs.BigIntStats | undefined;
  try {
    found = fs.lstatSync(fsPath(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  return found && entryStat(found);
}

export function entryStat(s: fs.BigIntStats): EntryStat {
  const mode = Number(s.mode);
  const type = TYPES[mode & 0o170000] ?? 'file';
  const device = type === 'char' || type === 'block';
  return {
    type,
    mode: mode & 0o7777,
    uid: Number(s.uid),
    gid: Number(s.gid),
    size: Number(s.size),
    major: device ? Number(((s.rdev >> 8n) & 0xfffn) | ((s.rdev >> 32n) & 0xfffff000n)) : 0,
    minor: device ? Number((s.rdev & 0xffn) | ((s.rdev >> 12n) & 0xffffff00n)) : 0,
    mtimeNs: s.mtimeNs,
    atimeNs: s.atimeNs,
    ctimeNs: s.ctimeNs,
    nlink: Number(s.nlink),
    dev: s.dev,
    ino: s.ino,
  };
}

/** Names in a folder, in byte order. */
export function readdir(path: string): string[] {
  return fs.readdirSync(fsPath(path), { encoding: 'latin1' }).sort(compareBytes);
}

export function readlink(path: string): string {
  return fs.readlinkSync(fsPath(path), { encoding: 'latin1' });
}

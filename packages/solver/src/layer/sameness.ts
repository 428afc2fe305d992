import fs from 'node:fs';
import { readlink } from '../host/files.ts';
import { getXattr, listXattrs } from '../host/syscalls.ts';
import { fsPath } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import { isOverlayXattr } from './whiteout.ts';

/**
 * True if a diff passes two entries as unchanged (docs/buildkit-semantics.md#sameness; continuity `fs/path.go`).
 *
 * It is deliberately not equality: directories may differ in their times, extended attributes other than
 * `security.capability` do not count, and files with equal times are not compared byte by byte unless the time has no
 * nanoseconds. A difference that is passed over is lost when the layer moves.
 */
export function isSameForDiff(a: Entry, b: Entry, digestOf: KnownDigest = () => undefined): boolean {
  const [s, t] = [a.stat, b.stat];
  if (s.dev === t.dev && s.ino === t.ino) return true;
  if (!sameHeader(a, b)) return false;
  if (s.type !== 'dir' && s.size !== t.size) return false;
  const isKnownSame = s.type === 'file' && sameDigest(digestOf(a), digestOf(b));
  if (!isKnownSame && !sameXattr(a, b, 'security.capability')) return false;
  if (s.type === 'dir') return true;
  if (s.mtimeNs === t.mtimeNs) return s.mtimeNs % NS !== 0n || isKnownSame || sameContent(a, b);
  return false;
}

/** The digest of a file's content, owner, mode and xattrs, where it is known without a look at the file. */
export type KnownDigest = (entry: Entry) => string | undefined;

function sameDigest(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a === b;
}

/** True if two entries have the same header, modification time, xattrs and content, or are one inode. */
export function isIdentical(a: Entry, b: Entry): boolean {
  const [s, t] = [a.stat, b.stat];
  if (s.dev === t.dev && s.ino === t.ino) return true;
  if (!sameHeader(a, b) || s.mtimeNs !== t.mtimeNs) return false;
  if (s.type !== 'dir' && s.size !== t.size) return false;
  const names = xattrNames(a);
  if (names.join('\0') !== xattrNames(b).join('\0') || !names.every((name) => sameXattr(a, b, name)))
    return false;
  return s.type === 'dir' || sameContent(a, b);
}

const NS = 1_000_000_000n;

function sameHeader({ stat: s }: Entry, { stat: t }: Entry): boolean {
  return (
    s.type === t.type &&
    s.mode === t.mode &&
    s.uid === t.uid &&
    s.gid === t.gid &&
    s.major === t.major &&
    s.minor === t.minor
  );
}

function xattrNames(entry: Entry): string[] {
  return listXattrs(entry.hostPath)
    .filter((name) => !isOverlayXattr(name))
    .sort();
}

function sameXattr(a: Entry, b: Entry, name: string): boolean {
  const [x, y] = [getXattr(a.hostPath, name), getXattr(b.hostPath, name)];
  return x && y ? x.equals(y) : x === y;
}

function sameContent(a: Entry, b: Entry): boolean {
  if (a.stat.type === 'symlink') return readlink(a.hostPath) === readlink(b.hostPath);
  if (a.stat.type !== 'file' || a.stat.size === 0) return true;
  const [fa, fb] = [fs.openSync(fsPath(a.hostPath), 'r'), fs.openSync(fsPath(b.hostPath), 'r')];
  try {
    const [x, y] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
    for (;;) {
      const n = readFully(fa, x);
      if (n !== readFully(fb, y) || x.compare(y, 0, n, 0, n) !== 0) return false;
      if (n < CHUNK) return true;
    }
  } finally {
    fs.closeSync(fa);
    fs.closeSync(fb);
  }
}

const CHUNK = 64 * 1024;

function readFully(fd: number, into: Buffer): number {
  let filled = 0;
  while (filled < into.length) {
    const n = fs.readSync(fd, into, filled, into.length - filled, null);
    if (n === 0) break;
    filled += n;
  }
  return filled;
}

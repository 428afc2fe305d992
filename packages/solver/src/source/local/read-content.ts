import { createHash, hash } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error/error.ts';
import type { Pacer } from '../../host/pacer.ts';
import { fsPath, textOf } from '../../name/bytes.ts';
import type { ScannedEntry } from './scan.ts';

/** A file as it was read: small ones at once, large ones piece by piece. */
export type Content =
  | { readonly kind: 'small'; readonly bytes: Buffer; readonly digest: string }
  | { readonly kind: 'large'; readonly fd: number };

const SMALL = 256 * 1024;
const buffer = Buffer.allocUnsafe(SMALL + 1);

/**
 * Opens a file to be brought. A small one comes with its bytes, which are only good until the next call; of a large one
 * the descriptor is the caller's to close. Undefined if it has vanished.
 */
export function openContent({ hostPath, stat, path, isEmptied }: ScannedEntry): Content | undefined {
  // Nobody can open a socket; it arrives as an empty file.
  if (isEmptied || stat.type === 'socket') return { kind: 'small', bytes: Buffer.alloc(0), digest: EMPTY };
  let fd: number;
  try {
    fd = fs.openSync(fsPath(hostPath), OPEN_FLAGS);
  } catch (error) {
    const code = errnoOf(error);
    // ELOOP: replaced by a link just now.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    if (code === 'EACCES') throw stepFailure(`open ${textOf(path)}: permission denied`, { cause: error });
    throw error;
  }
  if (stat.size > SMALL) return { kind: 'large', fd };
  try {
    const bytes = readFully(fd);
    if (!bytes) return { kind: 'large', fd };
    fs.closeSync(fd);
    return { kind: 'small', bytes, digest: hash('sha256', bytes, 'hex') };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

const EMPTY = hash('sha256', '', 'hex');
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
// A file may have become a pipe by now; opening it must not block.
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** The whole file, undefined if it has grown beyond what is small. */
function readFully(fd: number): Buffer | undefined {
  let size = 0;
  for (;;) {
    const room = buffer.length - size;
    const n = fs.readSync(fd, buffer, size, room, size);
    size += n;
    // A short read of a plain file is its end.
    if (n < room) return buffer.subarray(0, size);
    if (size === buffer.length) return undefined;
  }
}

/** Hex sha256 of an open file, handing on each piece. */
export async function readLarge(
  fd: number,
  pacer: Pacer,
  onPiece: (bytes: Uint8Array) => void,
): Promise<string> {
  const digest = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  for (let at = 0; ; ) {
    const n = fs.readSync(fd, piece, 0, piece.length, at);
    if (n === 0) return digest.digest('hex');
    at += n;
    const bytes = piece.subarray(0, n);
    digest.update(bytes);
    onPiece(bytes);
    await pacer.pause();
  }
}

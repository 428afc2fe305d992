/**
 * `openat2(2)` and `mkdirat(2)`: the kernel resolves a path below an open folder and keeps the rules on the way, so that
 * nobody who changes the tree at the same time can lead us out. Paths are byte strings, errors have Node's shape.
 */
import koffi from 'koffi';
import { cString } from '../name/bytes.ts';
import { systemError } from './syscalls.ts';

const libc = koffi.load(null);
const c = {
  // The number is the same on every architecture, and C libraries have no name for it.
  openat2: libc.func('syscall', 'long', ['long', 'int', 'void *', 'void *', 'size_t']),
  mkdirat: libc.func('int mkdirat(int folder, void *path, unsigned int mode)'),
  close: libc.func('int close(int fd)'),
};
const SYS_OPENAT2 = 437;
const AT_FDCWD = -100;
const ERRNO = { permission: 1, again: 11, unknownCall: 38 } as const;
const MOST_TRIES = 128;

/** Rules for every part of a path. */
export const RESOLVE = {
  /** No mount point is crossed: `EXDEV`. */
  noMounts: 0x01,
  /** No link as those in `/proc/<pid>/fd`: `ELOOP`. */
  noMagicLinks: 0x02,
  /** No link at all, the last part included: `ELOOP`. */
  noLinks: 0x04,
  /** Nothing may lead out of the folder, not even an absolute link: `EXDEV`. */
  beneath: 0x08,
  /** The folder counts as `/`, for absolute links and `..` too. */
  inRoot: 0x10,
} as const;

/** Flags of `open(2)` that Node has no names for, the same on the architectures that Node runs on. */
export const O = { path: 0o10000000, closeOnExec: 0o2000000 } as const;

/**
 * Opens `path` below the open folder `folder`. The file is never inherited by a program that is started.
 *
 * Throws `ENOSYS` where the kernel (before 5.6) or a filter of system calls does not have the call ({@link hasOpenat2}), and
 * `EAGAIN` where the tree is changed so often that the kernel cannot tell for sure where the path leads.
 *
 * @param resolve a sum of {@link RESOLVE}
 * @param mode of a file that is made with `O_CREAT`; the umask applies
 */
export function openat2(folder: number, path: string, flags: number, resolve: number, mode = 0): number {
  for (let tries = 1; ; tries++) {
    const result = open(folder, path, flags, resolve, mode);
    if (result >= 0) return result;
    const errno = koffi.errno();
    if (errno !== ERRNO.again || tries === MOST_TRIES) throw systemError(errno, 'openat2', path);
  }
}

function open(folder: number, path: string, flags: number, resolve: number, mode: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O.closeOnExec), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return c.openat2(SYS_OPENAT2, folder, cString(path), how, how.length) as number;
}

let isThere: boolean | undefined;

/** Whether this machine has `openat2`; filters of older container engines refuse what they do not know with `EPERM`. */
export function hasOpenat2(): boolean {
  if (isThere !== undefined) return isThere;
  const file = open(AT_FDCWD, '/', O.path, 0, 0);
  const errno = koffi.errno();
  if (file >= 0) c.close(file);
  isThere = file >= 0 || (errno !== ERRNO.unknownCall && errno !== ERRNO.permission);
  return isThere;
}

/** Makes a folder in an open one; `name` is one part, so no link is followed. The umask applies to `mode`. */
export function mkdirat(folder: number, name: string, mode: number): void {
  if ((c.mkdirat(folder, cString(name), mode) as number) >= 0) return;
  throw systemError(koffi.errno(), 'mkdirat', name);
}

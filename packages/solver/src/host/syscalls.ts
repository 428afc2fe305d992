/**
 * The libc calls that Node lacks, through koffi: xattrs, device nodes, nanosecond times.
 * Paths are byte strings. Every call throws an error with Node's shape (`code`, `errno`, `syscall`, `path`).
 */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { cString, textOf } from '../name/bytes.ts';

const libc = koffi.load(null);
const timespec = koffi.struct('llb_timespec', { sec: 'int64_t', nsec: 'int64_t' });
const c = {
  lsetxattr: libc.func('int lsetxattr(void *path, void *name, void *value, size_t size, int flags)'),
  lgetxattr: libc.func('long lgetxattr(void *path, void *name, void *value, size_t size)'),
  llistxattr: libc.func('long llistxattr(void *path, void *list, size_t size)'),
  lremovexattr: libc.func('int lremovexattr(void *path, void *name)'),
  mknod: libc.func('int mknod(void *path, unsigned int mode, unsigned long dev)'),
  utimensat: libc.func('utimensat', 'int', ['int', 'void *', koffi.pointer(timespec), 'int']),
};

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const S_IFMT = { fifo: 0o010000, char: 0o020000, block: 0o060000, socket: 0o140000 } as const;

function check(result: number, syscall: string, path: string): number {
  if (result >= 0) return result;
  throw systemError(koffi.errno(), syscall, path);
}

/** An error as `fs` throws it. */
export function systemError(errno: number, syscall: string, path: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const error: NodeJS.ErrnoException = new Error(`${code}: ${syscall} '${textOf(path)}'`);
  return Object.assign(error, { code, errno: -errno, syscall, path: textOf(path) });
}

/** Makes a device, fifo or socket node; the umask applies to `mode`. */
export function mknod(
  path: string,
  type: 'fifo' | 'char' | 'block' | 'socket',
  mode: number,
  major = 0,
  minor = 0,
): void {
  check(c.mknod(cString(path), S_IFMT[type] | mode, makedev(major, minor)), 'mknod', path);
}

function makedev(major: number, minor: number): bigint {
  const [hi, lo] = [BigInt(major), BigInt(minor)];
  return ((hi & ~0xfffn) << 32n) | ((hi & 0xfffn) << 8n) | ((lo & ~0xffn) << 12n) | (lo & 0xffn);
}

/** Sets both times (ns since 1970) of `path` itself, never of a link's target. */
export function setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void {
  const times = [spec(atimeNs), spec(mtimeNs)];
  check(c.utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW), 'utimensat', path);
}

function spec(ns: bigint): { sec: bigint; nsec: bigint } {
  const nsec = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { sec: (ns - nsec) / 1_000_000_000n, nsec };
}

const scratch = Buffer.allocUnsafe(65_536);

/** Names of the extended attributes of `path` itself, as byte strings in the kernel's order. None where there are no xattrs. */
export function listXattrs(path: string): string[] {
  const size = c.llistxattr(cString(path), scratch, scratch.length) as number;
  if (size === 0) return [];
  if (size < 0) {
    const errno = koffi.errno();
    if (errno === 95) return []; // EOPNOTSUPP: a filesystem without them.
    throw systemError(errno, 'llistxattr', path);
  }
  return scratch.toString('latin1', 0, size - 1).split('\0');
}

/** The value of one extended attribute, undefined if it is not set. */
export function getXattr(path: string, name: string): Buffer | undefined {
  const size = c.lgetxattr(cString(path), cString(name), scratch, scratch.length) as number;
  if (size >= 0) return Buffer.from(scratch.subarray(0, size));
  const errno = koffi.errno();
  if (errno === 61 || errno === 95) return undefined; // ENODATA, EOPNOTSUPP
  throw systemError(errno, 'lgetxattr', path);
}

/** Sets one extended attribute of `path` itself. */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  check(c.lsetxattr(cString(path), cString(name), value, value.length, 0), 'lsetxattr', path);
}

/** Removes one extended attribute; fine if it is not set. */
export function removeXattr(path: string, name: string): void {
  if (c.lremovexattr(cString(path), cString(name)) < 0) {
    const errno = koffi.errno();
    if (errno !== 61) throw systemError(errno, 'lremovexattr', path);
  }
}

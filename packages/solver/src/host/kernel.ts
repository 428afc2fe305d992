/**
 * System calls for namespaces, mounts, locks and pipes that Node lacks, through koffi. Thin: one function a call, errors
 * of Node's shape, paths as byte strings. Their users are `mount.ts`, `namespace.ts` and others.
 */
import fs from 'node:fs';
import koffi from 'koffi';
import { cString, fsPath } from '../name/bytes.ts';
import { systemCallNumber } from './call-numbers.ts';
import { systemError } from './syscalls.ts';

const libc = koffi.load(null);
const c = {
  unshare: libc.func('int unshare(int flags)'),
  setns: libc.func('int setns(int fd, int type)'),
  mount: libc.func('int mount(void *source, void *target, void *type, unsigned long flags, void *data)'),
  umount2: libc.func('int umount2(void *target, int flags)'),
  umask: libc.func('unsigned int umask(unsigned int mask)'),
  chdir: libc.func('int chdir(void *path)'),
  pivotRoot: libc.func('syscall', 'long', ['long', 'void *', 'void *']),
  flock: libc.func('int flock(int fd, int operation)'),
  syncfs: libc.func('int syncfs(int fd)'),
  pipe2: libc.func('int pipe2(_Out_ int *ends, int flags)'),
  ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  close: libc.func('int close(int fd)'),
  execve: libc.func('int execve(const char *path, const char **argv, const char **envp)'),
  memfd: libc.func('int memfd_create(const char *name, unsigned int flags)'),
  fcntl: libc.func('int fcntl(int fd, int command, int argument)'),
  statvfs: libc.func('int statvfs(const void *path, _Out_ uint8_t *result)'),
  sethostname: libc.func('int sethostname(const char *name, size_t length)'),
  // The mount API has the same numbers on every architecture, and older C libraries have no names for it.
  fsopen: libc.func('syscall', 'long', ['long', 'void *', 'uint']),
  fsconfig: libc.func('syscall', 'long', ['long', 'int', 'uint', 'void *', 'void *', 'int']),
  fsmount: libc.func('syscall', 'long', ['long', 'int', 'uint', 'uint']),
  moveMount: libc.func('syscall', 'long', ['long', 'int', 'void *', 'int', 'void *', 'uint']),
};
const SYS = { move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432 } as const;
const FSCONFIG = { flag: 0, string: 1, create: 6 } as const;
const AT_FDCWD = -100;
const CLOEXEC = 1;

export const CLONE = {
  fs: 0x200,
  newns: 0x20000,
  newuts: 0x4000000,
  newipc: 0x8000000,
  newnet: 0x40000000,
} as const;
export const MS = {
  readonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
  strictatime: 1 << 24,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;

function check(result: number, syscall: string, path = ''): number {
  if (result >= 0) return result;
  throw systemError(koffi.errno(), syscall, path);
}

/** Moves the calling thread into new namespaces; threads and processes that it starts later are in them too. */
export function unshare(flags: number): void {
  check(c.unshare(flags) as number, 'unshare');
}

/**
 * Moves the calling thread into the namespace behind an open file; of mounts, its root and folder become `/`. The kernel
 * refuses a thread that shares these with others (a worker that is there by now), so it gets its own first.
 */
export function setNamespace(fd: number): void {
  unshare(CLONE.fs);
  check(c.setns(fd, 0) as number, 'setns');
}

/** Names the calling thread's uts namespace. */
export function setHostname(name: string): void {
  check(c.sethostname(name, Buffer.byteLength(name)) as number, 'sethostname', name);
}

/** `mount(2)`. `data` is cut silently by the kernel where it is longer than a page, so it is refused here. */
export function mount(source: string, target: string, type: string, flags: number, data = ''): void {
  if (data.length >= 4096) throw systemError(7, 'mount', target); // E2BIG
  check(
    c.mount(cString(source), cString(target), cString(type), flags, cString(data)) as number,
    'mount',
    target,
  );
}

/** Takes the topmost mount off `target`; `lazily`: out of sight now, gone when its last user is. */
export function unmount(target: string, lazily = false): void {
  check(c.umount2(cString(target), lazily ? 2 : 0) as number, 'umount', target);
}

/**
 * Makes a mounted folder the root of the calling thread's mount namespace, and of every thread that has the old one as root.
 * The old root goes out of the namespace with all that is mounted below it.
 */
export function pivotRoot(root: string): void {
  changeDirectory(root);
  // Both are the same folder: the old root is put on top of the new one, and taken off again (pivot_root(2)).
  check(
    c.pivotRoot(systemCallNumber('pivot_root', process.arch), cString('.'), cString('.')) as number,
    'pivot_root',
    root,
  );
  unmount('.', true);
}

/** Flags of the mount that `path` lies on, as `mount(2)` takes them. */
export function mountFlagsOf(path: string): number {
  const result = Buffer.alloc(256);
  check(c.statvfs(cString(path), result) as number, 'statvfs', path);
  const flags = Number(result.readBigUInt64LE(9 * 8));
  const [ST_NOATIME, ST_NODIRATIME, ST_RELATIME, MS_RELATIME] = [1024, 2048, 4096, 1 << 21];
  const same = MS.readonly | MS.nosuid | MS.nodev | MS.noexec | ST_NOATIME | ST_NODIRATIME;
  return (flags & same) | (flags & ST_RELATIME ? MS_RELATIME : 0);
}

/** Changes the folder that relative paths of this thread start from. */
export function changeDirectory(path: string): void {
  check(c.chdir(cString(path)) as number, 'chdir', path);
}

/** Does something synchronous under another umask of this thread. */
export function withUmask<T>(mask: number, act: () => T): T {
  const before = c.umask(mask) as number;
  try {
    return act();
  } finally {
    c.umask(before);
  }
}

/** Opens a filesystem to be configured. `ENOSYS` before Linux 5.2. */
export function openFilesystem(type: string): number {
  return check(c.fsopen(SYS.fsopen, cString(type), CLOEXEC) as number, 'fsopen', type);
}

/** Sets one option; the value is at most 255 bytes. `EINVAL` where the kernel does not know it. */
export function configureFilesystem(fd: number, key: string, value?: string): void {
  const command = value === undefined ? FSCONFIG.flag : FSCONFIG.string;
  const bytes = value === undefined ? null : cString(value);
  check(c.fsconfig(SYS.fsconfig, fd, command, cString(key), bytes, 0) as number, 'fsconfig', value ?? key);
}

/** Makes the configured filesystem and mounts it at `target`. */
export function attachFilesystem(fd: number, target: string): void {
  check(c.fsconfig(SYS.fsconfig, fd, FSCONFIG.create, null, null, 0) as number, 'fsconfig', target);
  const mounted = check(c.fsmount(SYS.fsmount, fd, CLOEXEC, 0) as number, 'fsmount', target);
  try {
    const fromEmptyPath = 4;
    check(
      c.moveMount(SYS.move_mount, mounted, cString(''), AT_FDCWD, cString(target), fromEmptyPath) as number,
      'move_mount',
      target,
    );
  } finally {
    c.close(mounted);
  }
}

/**
 * Takes an advisory lock on an open file; the kernel releases it when the file is closed or the process dies.
 * @returns whether it was free (for this kind of lock)
 */
export function tryLock(fd: number, kind: 'shared' | 'exclusive'): boolean {
  const nonBlocking = 4;
  const result = c.flock(fd, (kind === 'shared' ? 1 : 2) | nonBlocking) as number;
  if (result === 0) return true;
  const errno = koffi.errno();
  if (errno === 11) return false; // EWOULDBLOCK
  throw systemError(errno, 'flock', '');
}

/**
 * Waits, in another thread, until everything that was written to the filesystem of `folder` is on its disk. Fails with `EIO`
 * where something could not be written.
 */
export async function syncFilesystem(folder: string): Promise<void> {
  const fd = fs.openSync(fsPath(folder), 'r');
  try {
    const result = await new Promise<number>((resolve, reject) => {
      c.syncfs.async(fd, (error: unknown, value: number) => (error ? reject(error) : resolve(value)));
    });
    // The other thread's errno cannot be had here; nothing else can go wrong with an open folder.
    if (result < 0) throw systemError(5, 'syncfs', folder);
  } finally {
    fs.closeSync(fd);
  }
}

/** A pipe that no child inherits unless it is handed over. Node's own stdio pipes are sockets, which cannot be reopened. */
export function makePipe(): { readonly read: number; readonly write: number } {
  const ends = [0, 0];
  const O_CLOEXEC = 0o2000000;
  check(c.pipe2(ends, O_CLOEXEC) as number, 'pipe2');
  return { read: ends[0]!, write: ends[1]! };
}

/** Brings up the loopback device of the calling thread's network namespace. */
export function bringLoopbackUp(): void {
  const [AF_INET, SOCK_DGRAM, SIOCSIFFLAGS, IFF_UP] = [2, 2, 0x8914, 1];
  const socket = check(c.socket(AF_INET, SOCK_DGRAM, 0) as number, 'socket');
  try {
    const request = Buffer.alloc(40);
    request.write('lo', 0, 'latin1');
    request.writeInt16LE(IFF_UP, 16);
    check(c.ioctl(socket, SIOCSIFFLAGS, request) as number, 'ioctl', 'lo');
  } finally {
    c.close(socket);
  }
}

const F_SETFD = 2;

/** Replaces this process by another program; returns only by throwing. Files stay open only as standard streams. */
export function replaceProcess(
  program: string,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): never {
  const pairs = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  // Node marks even the standard streams to be closed.
  for (const stream of [0, 1, 2]) c.fcntl(stream, F_SETFD, 0);
  c.execve(program, [...argv, null], [...pairs, null]);
  throw systemError(koffi.errno(), 'execve', program);
}

/** A file in memory, sealed: what `fill` wrote cannot be changed through its descriptor. */
export function sealedFile(name: string, fill: (fd: number) => void): number {
  const [MFD_CLOEXEC, MFD_ALLOW_SEALING, F_ADD_SEALS, ALL_SEALS] = [1, 2, 1033, 15];
  const fd = check(c.memfd(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) as number, 'memfd_create', name);
  try {
    fill(fd);
    check(c.fcntl(fd, F_ADD_SEALS, ALL_SEALS) as number, 'fcntl', name);
    return fd;
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

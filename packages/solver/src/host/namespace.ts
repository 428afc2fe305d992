import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error/error.ts';
import { CLONE, changeDirectory, MS, mount, setNamespace, unshare } from './kernel.ts';

let entered: boolean | undefined;

/**
 * Moves this thread, and with it all that is started later (child processes, workers, threads of the pool), into a mount
 * namespace of its own: what is mounted afterwards is seen by nobody else and is gone with the last process in it, however
 * that dies. What the host mounts later is still seen here.
 *
 * Call it as early as possible. Threads that Node's pool has already started stay outside, so mounted places are for
 * synchronous calls and child processes only; nothing in this package touches them otherwise.
 * The second call does nothing. Fails with an `environment` failure where this is not permitted.
 */
export function enterMountNamespace(): void {
  if (entered) return;
  try {
    unshare(CLONE.newns);
  } catch (error) {
    const denied = errnoOf(error) === 'EPERM';
    throw environmentFailure(`cannot make a mount namespace${denied ? ': operation not permitted' : ''}`, {
      cause: error,
      hint:
        process.getuid?.() === 0
          ? 'root lacks CAP_SYS_ADMIN here: start the container with --privileged, or with --cap-add SYS_ADMIN and a seccomp profile that allows mounts, or solve as an ordinary user'
          : 'run as root, or as a user with ranges in /etc/subuid and /etc/subgid (and newuidmap installed)',
    });
  }
  mount('none', '/', 'none', MS.slave | MS.recursive);
  entered = true;
}

/** Whether {@link enterMountNamespace} has been called with success. */
export function isInMountNamespace(): boolean {
  return entered === true;
}

export type NamespaceKind = 'mnt' | 'uts' | 'ipc' | 'net' | 'cgroup';

/**
 * Does something synchronous inside namespaces of another process, and returns to our own, which must be ours to return to:
 * made by this process, or it has all rights on the machine.
 */
export function inNamespacesOf<T>(pid: number, kinds: readonly NamespaceKind[], act: () => T): T {
  const here = fs.openSync('.', O_PATH);
  const own: number[] = [];
  const theirs: number[] = [];
  try {
    for (const kind of kinds) {
      own.push(fs.openSync(`/proc/thread-self/ns/${kind}`, 'r'));
      theirs.push(fs.openSync(`/proc/${pid}/ns/${kind}`, 'r'));
    }
    try {
      for (const file of theirs) setNamespace(file);
      return act();
    } finally {
      for (const file of own) setNamespace(file);
      changeDirectory(`/proc/self/fd/${here}`);
    }
  } finally {
    for (const file of [here, ...own, ...theirs]) fs.closeSync(file);
  }
}

const O_PATH = 0o10000000;

/** How many threads of this process see other mounts than this one (see {@link enterMountNamespace}). */
export function threadsOutside(): number {
  const own = fs.readlinkSync('/proc/thread-self/ns/mnt');
  return fs
    .readdirSync('/proc/self/task')
    .filter((thread) => fs.readlinkSync(`/proc/self/task/${thread}/ns/mnt`) !== own).length;
}

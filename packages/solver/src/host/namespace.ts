import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error/error.ts';
import { CLONE, changeDirectory, MS, mount, setNamespace, unshare } from './kernel.ts';
import { O_PATH } from './mkdirat.ts';

let entered = false;

/**
 * Moves this thread, and all child processes, workers and pool threads that start later, into a new mount namespace. Later
 * mounts are visible in it only, and end with its last process. Later mounts of the host are visible in it too.
 *
 * Call it as early as possible. Threads of Node's pool that run already stay outside, so mounted paths are for synchronous
 * calls and child processes only.
 * A second call has no effect. Fails with an `environment` failure if this is not permitted.
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

export type NamespaceKind = 'mnt' | 'uts' | 'ipc' | 'net' | 'cgroup';

/**
 * Calls the synchronous `act` inside namespaces of another process, then returns to the present ones. This needs rights
 * over them: this process made them, or it is root of the machine.
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

import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { fsPath } from '../name/bytes.ts';
import { tryLock } from './kernel.ts';

/** A folder or file that this process has for itself until {@link Lease.release}, or until it ends. */
export interface Lease {
  release(): void;
}

/**
 * Takes the kernel's lock of a folder or file. The lock also works between pid namespaces that share the filesystem, unlike
 * process ids, and the kernel releases it when its holder ends in any way.
 *
 * @param path byte string
 * @returns undefined if it has a lease already, or does not exist (any more)
 */
export function takeLease(path: string): Lease | undefined {
  let fd: number;
  try {
    fd = fs.openSync(fsPath(path), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  let isOurs = false;
  try {
    // It may have been removed between the opening and the locking.
    isOurs = tryLock(fd, 'exclusive') && fs.fstatSync(fd).nlink > 0;
  } finally {
    if (!isOurs) fs.closeSync(fd);
  }
  return isOurs ? { release: () => fs.closeSync(fd) } : undefined;
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** Takes a lease that others hold for moments only: asks again, and stops this thread meanwhile, until it has it. */
export function waitForLease(take: () => Lease | undefined): Lease {
  let lease = take();
  for (; !lease; lease = take()) Atomics.wait(PAUSE, 0, 0, 5);
  return lease;
}

/** True if a folder or file exists and some process has a lease of it. */
export function isLeased(path: string): boolean {
  const lease = takeLease(path);
  lease?.release();
  return lease === undefined && fs.existsSync(fsPath(path));
}

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { readdir, removeTree } from '../host/files.ts';
import { type Lease, takeLease, waitForLease } from '../host/lease.ts';

const NAME = /^([0-9a-f]{12})-([0-9a-f]{16})$/;

/** The session of a process that ended without closing it. */
export interface DeadSession {
  /** Its name; undefined where it is of another boot, or of another version of this program. */
  readonly name: string | undefined;
  /** Removes what still stands for it. */
  forget(): void;
}

/**
 * One process's time with a store: its folder `staging/<boot>-<session>` holds what it is writing. The process has the
 * folder's lease, so that others, of whatever pid namespace, know when it is gone, and sweep.
 */
export class Session {
  /** Unique among all sessions of all processes. */
  readonly name = randomBytes(8).toString('hex');
  readonly folder: string;
  readonly #lease: Lease;
  #serial = 0;

  /** @param staging byte string */
  constructor(staging: string, boot: string) {
    this.folder = `${staging}/${boot}-${this.name}`;
    fs.mkdirSync(this.folder, { mode: 0o700 });
    const lease = takeLease(this.folder);
    // Only another process that sweeps may look at it just now.
    if (!lease) throw new Error(`Internal error: the new folder ${this.folder} is locked`);
    this.#lease = lease;
  }

  /** A path in the session's folder at which there is nothing yet. */
  place(): string {
    return `${this.folder}/${this.#serial++}`;
  }

  close(): void {
    removeTree(this.folder);
    this.#lease.release();
  }
}

/** Begins a session and sweeps what dead ones left. Those of this boot stay known until they are forgotten. */
export function beginSession(
  root: string,
  boot: string,
): { readonly session: Session; readonly dead: readonly DeadSession[] } {
  const staging = `${root}/staging`;
  // One process at a time looks around or begins: a folder without a lease is one whose process is gone.
  const { session, left } = alone(root, () => ({
    left: leaseAll(staging),
    session: new Session(staging, boot),
  }));
  const dead = left.map(({ folder, lease }): DeadSession => {
    const [, ofBoot, name] = NAME.exec(folder.slice(staging.length + 1)) ?? [];
    // The folder stays: a later process finds it if this one does not come to vouch for it.
    for (const entry of ofBoot === boot ? readdir(folder) : []) sweep(`${folder}/${entry}`);
    const forget = () => {
      sweep(folder);
      lease.release();
    };
    if (ofBoot === boot) return { name, forget };
    forget();
    return { name: undefined, forget() {} };
  });
  return { session, dead };
}

/** The folders of processes that are gone, now ours. */
function leaseAll(staging: string): readonly { readonly folder: string; readonly lease: Lease }[] {
  return readdir(staging).flatMap((name) => {
    const folder = `${staging}/${name}`;
    const lease = takeLease(folder);
    return lease ? [{ folder, lease }] : [];
  });
}

/** A folder that cannot be removed, because something is mounted in it or it is another user's, does no harm. */
function sweep(path: string): void {
  try {
    removeTree(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EBUSY' && code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTEMPTY') throw error;
  }
}

/** Does something short and synchronous to a store while no other process does. */
export function alone<T>(root: string, act: () => T): T {
  const file = `${root}/lock`;
  fs.closeSync(fs.openSync(file, 'a', 0o600));
  const lease = waitForLease(() => takeLease(file));
  try {
    return act();
  } finally {
    lease.release();
  }
}

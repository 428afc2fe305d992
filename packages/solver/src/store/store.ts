import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error/error.ts';
import { makeFolders, removeTree } from '../host/files.ts';
import { bootName } from './boot.ts';
import { closeFolders } from './closed-folders.ts';
import { Durability } from './durability.ts';
import { Records } from './records.ts';
import { alone, beginSession, type DeadSession, type Session } from './session.ts';
import { checkVersion } from './store-version.ts';

/**
 * The state directory as one process sees it: the ground that layers, refs, blobs and cache records stand on.
 *
 * ```
 * store.json               version of all this
 * lock                     held for moments, while a process begins or replaces what is damaged
 * durable                  which epochs are known to be on the disk (durability.ts)
 * staging/<boot>-<session> what a process is writing; its lease is held while the process lives (session.ts)
 * ```
 *
 * Several processes may have it open, of whatever pid namespaces.
 */
export class Store {
  /** Absolute, plain ASCII. */
  readonly root: string;
  readonly records: Records;
  /** True if processes that used this store have ended without tidying up. */
  readonly foundCrashed: boolean;
  readonly #session: Session;
  readonly #durability: Durability;
  readonly #dead: DeadSession[];

  /** Makes the folders and sweeps what dead processes left. Fails with an `environment` failure. */
  constructor(root: string) {
    this.root = root;
    refuseBeyondAscii(root);
    try {
      const isFresh = !fs.existsSync(root);
      makeFolders(root);
      closeFolders(root, isFresh);
      makeFolders(`${root}/staging`);
      alone(root, () => checkVersion(root));
      const boot = bootName(root);
      const { session, dead } = beginSession(root, boot);
      this.#session = session;
      this.#durability = new Durability(root, boot, session.name);
      this.foundCrashed = dead.length > 0;
      this.#dead = dead.filter(({ name }) => name !== undefined);
      for (const { name } of this.#dead) if (name !== undefined) this.#durability.adopt(name);
      this.records = new Records(this.#durability, () => session.place());
    } catch (error) {
      throw unusable(root, error);
    }
  }

  /** A fresh id for a layer or ref. */
  newId(): string {
    return randomBytes(12).toString('hex');
  }

  /** A new folder of this process for work in progress, on the filesystem of the layers. */
  stage(): string {
    const folder = this.#session.place();
    fs.mkdirSync(folder);
    return folder;
  }

  /**
   * Moves a finished folder to its place. Where something is there already, `isGood` says whether that is as good: then the
   * new one is dropped, else it takes its place.
   */
  place(finished: string, place: string, isGood: () => boolean): void {
    try {
      fs.renameSync(finished, place);
      return;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
    }
    const dropped = this.#session.place();
    alone(this.root, () => {
      if (isGood()) {
        fs.renameSync(finished, dropped);
      } else {
        fs.renameSync(place, dropped);
        fs.renameSync(finished, place);
      }
    });
    removeTree(dropped);
  }

  /** Brings to the disk what was written so far, so that it outlives a power cut. Other work may go on meanwhile. */
  async settle(): Promise<void> {
    await this.#durability.settle();
  }

  /** Settles, and removes this process's staging folder. */
  async close(): Promise<void> {
    await this.settle();
    for (const dead of this.#dead.splice(0)) dead.forget();
    this.#session.close();
  }
}

/** Names below the root are byte strings, and other programs are told the root as text: in ASCII the two are the same. */
function refuseBeyondAscii(root: string): void {
  if (!/[^\0-\x7f]/.test(root)) return;
  throw environmentFailure(
    `cannot use the state directory ${root}: its path has characters that are not ASCII`,
    {
      hint: 'name another with --state-dir or LLB_TS_STATE_DIR, or a symbolic link to it whose path is plain ASCII',
    },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the filesystem is read-only',
  ENOENT: 'it cannot be made there',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'a part of the path is not a directory',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'too many levels of symbolic links',
  ERR_INVALID_ARG_VALUE: 'a path cannot hold a NUL byte',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EIO: 'input/output error: the disk may be damaged',
  ENOLCK: 'the filesystem has no locks',
  EOPNOTSUPP: 'the filesystem has no locks',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
};

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space there, or name another directory with --state-dir or LLB_TS_STATE_DIR',
  EDQUOT: 'free some space there, or name another directory with --state-dir or LLB_TS_STATE_DIR',
  EMFILE: 'allow more open files: ulimit -n',
  ENFILE: 'allow more open files: sysctl fs.file-max',
};

function unusable(root: string, error: unknown): unknown {
  const code = errnoOf(error) ?? '';
  const reason = REASONS[code];
  if (!reason) return error;
  return environmentFailure(`cannot use the state directory ${root}: ${reason}`, {
    cause: error,
    hint: HINTS[code] ?? 'name a directory that you may write with --state-dir or LLB_TS_STATE_DIR',
  });
}

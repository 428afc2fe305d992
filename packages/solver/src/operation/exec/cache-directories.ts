/**
 * Directories that live on between builds, for caches of package managers and compilers (docs/buildkit-semantics.md#cache-mounts;
 * `solver/llbsolver/mounts/mount.go`).
 *
 * ```
 * caches/<hash of the key>/<n>/data         the directory
 * caches/<hash of the key>/<n>/cache.json   what it is
 * caches/<hash of the key>/<n>/lock         held while it is mounted
 * caches/<hash of the key>/<n>/pruned       nobody gets it any more
 * caches/<hash of the key>/.new-…, .old-…   being made, being removed; the folder has a lease
 * ```
 *
 * There may be several directories of one key, since a private cache that is in use is left alone. One that is in use is
 * never moved. Locks are the kernel's, so they work between processes, also of other pid namespaces, and are gone with the
 * process that held them.
 */
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { errnoOf } from '../../error/error.ts';
import { removeTree } from '../../host/files.ts';
import { tryLock } from '../../host/kernel.ts';
import { takeLease } from '../../host/lease.ts';

export type CacheSharing = 'shared' | 'private' | 'locked';

export interface CacheRequest {
  /** The id, and for a cache that begins with an input, which that is. */
  readonly key: string;
  readonly sharing: CacheSharing;
  /** For people: what it is used for. */
  readonly description: string;
  /** Fills a directory that is made, with the tree of the input. Default: it stays empty. */
  readonly fill?: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A cache directory in use. */
export interface HeldCache {
  readonly path: string;
  /** Lets others have it. */
  release(): void;
}

/** Between two looks at whether a locked cache is free. */
const POLL_MS = 100;

export class CacheDirectories {
  readonly #root: string;

  /** @param root a folder on the filesystem of the layers; made when it is needed */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * A directory of the key that nobody has who minds; made if there is none. A locked one is waited for, as long as it
   * takes or until `signal` fires.
   */
  async acquire(request: CacheRequest): Promise<HeldCache> {
    const { key, sharing, signal } = request;
    const folder = this.#folderOf(key);
    fs.mkdirSync(folder, { recursive: true });
    sweep(folder);
    const kind = sharing === 'shared' ? 'shared' : 'exclusive';
    for (;;) {
      const numbers = numbersIn(folder).filter((number) => !isPruned(`${folder}/${number}`));
      for (const number of numbers) {
        const held = hold(`${folder}/${number}`, kind);
        if (held) return held;
      }
      if (sharing !== 'locked' || numbers.length === 0) {
        const held = await makeNext(folder, kind, request);
        if (held) return held;
        continue;
      }
      await setTimeout(POLL_MS, undefined, { signal });
    }
  }

  /**
   * Takes the directories of an id out of use, with or without those that began with an input: nobody gets them any more,
   * and they go when those who have them let go.
   */
  prune(id: string, withInputs: boolean): void {
    for (const name of foldersIn(this.#root)) {
      const folder = `${this.#root}/${name}`;
      for (const number of numbersIn(folder)) {
        const key = keyOf(`${folder}/${number}`);
        if (key === undefined || (withInputs ? !key.startsWith(`${id}:`) : key !== id)) continue;
        markPruned(`${folder}/${number}`);
      }
      sweep(folder);
    }
  }

  #folderOf(key: string): string {
    return `${this.#root}/${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
  }
}

interface CacheRecord {
  readonly version: 1;
  readonly key: string;
  readonly description: string;
  readonly createdAt: number;
}

/** Makes the next directory, held; undefined when another process was faster. */
async function makeNext(
  folder: string,
  kind: 'shared' | 'exclusive',
  { key, description, fill }: CacheRequest,
): Promise<HeldCache | undefined> {
  const staged = `${folder}/.new-${randomUUID()}`;
  fs.mkdirSync(staged);
  const lease = takeLease(staged);
  // Another process has swept it in this moment.
  if (!lease) return undefined;
  let held: HeldCache | undefined;
  try {
    fs.mkdirSync(`${staged}/data`);
    fs.chmodSync(`${staged}/data`, 0o755);
    await fill?.(`${staged}/data`);
    const record: CacheRecord = { version: 1, key, description, createdAt: Date.now() };
    fs.writeFileSync(`${staged}/cache.json`, `${JSON.stringify(record)}\n`);
    fs.writeFileSync(`${staged}/lock`, '');
    held = hold(staged, kind);
    // A number that is in use, even if it has been pruned, is not given again.
    const used = foldersIn(folder).map((name) => Number(/^(?:\.old-)?(\d+)$/.exec(name)?.[1] ?? 0));
    const target = `${folder}/${Math.max(0, ...used) + 1}`;
    fs.renameSync(staged, target);
    return held && { ...held, path: `${target}/data` };
  } catch (error) {
    held?.release();
    removeTree(staged);
    const code = errnoOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return undefined;
    throw error;
  } finally {
    lease.release();
  }
}

/** Removes what dead processes left half made or half removed, and what was pruned and is free now. */
function sweep(folder: string): void {
  for (const name of foldersIn(folder)) {
    const path = `${folder}/${name}`;
    if (name.startsWith('.new-')) removeFree(path);
    else if (name.startsWith('.old-')) removeOld(path);
    else if (isPruned(path)) removePruned(folder, name);
  }
}

function removePruned(folder: string, name: string): void {
  const held = hold(`${folder}/${name}`, 'exclusive', true);
  if (!held) return;
  const old = `${folder}/.old-${name}`;
  try {
    // Nobody has it now, and half removed it must not look like a directory to be had.
    fs.renameSync(`${folder}/${name}`, old);
    removeFree(old);
  } finally {
    held.release();
  }
}

function removeOld(path: string): void {
  const held = hold(path, 'exclusive', true);
  // Without a lock it is half removed; earlier versions put aside what was still in use.
  if (held || !fs.existsSync(`${path}/lock`)) removeFree(path);
  held?.release();
}

/** Removes a folder unless another process is at it. */
function removeFree(path: string): void {
  const lease = takeLease(path);
  if (!lease) return;
  try {
    removeTree(path);
  } finally {
    lease.release();
  }
}

/** Nobody gets it any more. Who has it keeps it, where it is. */
function markPruned(folder: string): void {
  try {
    fs.writeFileSync(`${folder}/pruned`, '');
  } catch (error) {
    // Another process has just removed it.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isPruned(folder: string): boolean {
  return fs.existsSync(`${folder}/pruned`);
}

/**
 * Takes the lock of a directory; undefined when somebody has it, it has been pruned, or it is just being removed.
 * @param evenIfPruned whether a pruned one counts
 */
function hold(folder: string, kind: 'shared' | 'exclusive', evenIfPruned = false): HeldCache | undefined {
  let lock: number;
  try {
    lock = fs.openSync(`${folder}/lock`, 'r+');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  // In this order: what is looked at before it is locked may be gone by then.
  const isOurs = tryLock(lock, kind) && fs.fstatSync(lock).nlink > 0 && (evenIfPruned || !isPruned(folder));
  if (!isOurs) {
    fs.closeSync(lock);
    return undefined;
  }
  return { path: `${folder}/data`, release: () => fs.closeSync(lock) };
}

function keyOf(folder: string): string | undefined {
  try {
    return (JSON.parse(fs.readFileSync(`${folder}/cache.json`, 'utf8')) as CacheRecord).key;
  } catch {
    return undefined;
  }
}

function foldersIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function numbersIn(folder: string): readonly number[] {
  return foldersIn(folder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

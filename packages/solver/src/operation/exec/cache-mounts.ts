/**
 * Directories that live on between builds, for caches of package managers and compilers (docs/buildkit-semantics.md#cache-mounts;
 * `solver/llbsolver/mounts/mount.go`).
 *
 * ```
 * caches/<hash of the key>/<n>/data         the directory
 * caches/<hash of the key>/<n>/cache.json   key, description, time of creation
 * caches/<hash of the key>/<n>/lock         held while it is mounted
 * caches/<hash of the key>/<n>/pruned       marker: not given out any more
 * caches/<hash of the key>/.new-…, .old-…   being made, being removed; the folder has a lease
 * ```
 *
 * A key has several directories if a private cache was in use when another build asked for it. A directory in use is never
 * moved. Locks are locks of the kernel: they hold between processes, also across pid namespaces, and end with their process.
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
  /** The id of the cache, followed by the input that it begins with, if any. */
  readonly key: string;
  readonly sharing: CacheSharing;
  /** The use of the cache, for people. */
  readonly description: string;
  /** Fills a new directory with the tree of the input. Default: it stays empty. */
  readonly fill?: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A cache directory in use. */
export interface HeldCache {
  readonly path: string;
  /** Unlocks it for other users. */
  release(): void;
}

/** Interval between two tries to lock a cache that is in use. */
const POLL_MS = 100;

export class CacheMounts {
  readonly #root: string;

  /** @param root a folder on the filesystem of the layers; made when it is needed */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Locks and returns an unlocked cache directory for this key; makes one if there is none. With `locked` sharing it waits
   * for the existing one without a time limit, until `signal` fires.
   */
  async acquire(request: CacheRequest): Promise<HeldCache> {
    const { key, sharing, signal } = request;
    const folder = this.#folderOf(key);
    fs.mkdirSync(folder, { recursive: true });
    sweep(folder);
    const kind = sharing === 'shared' ? 'shared' : 'exclusive';
    for (;;) {
      const numbers = usableIn(folder);
      for (const number of numbers) {
        const held = hold(`${folder}/${number}`, kind);
        if (held) return held;
      }
      if (sharing !== 'locked' || numbers.length === 0) {
        const held = await makeNext(folder, { ...request, kind, tried: numbers });
        if (held) return held;
        continue;
      }
      await setTimeout(POLL_MS, undefined, { signal });
    }
  }

  /**
   * Marks the directories of an id as pruned: the ones that began with an input, or the one that began empty. They are not
   * given out any more, and removed once they are not in use.
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

/**
 * Makes the next directory and locks it.
 * @param tried the directories that were found in use
 * @returns undefined if another user made one meanwhile, which is to be tried first
 */
async function makeNext(
  folder: string,
  {
    key,
    description,
    fill,
    kind,
    tried,
  }: CacheRequest & { readonly kind: 'shared' | 'exclusive'; readonly tried: readonly number[] },
): Promise<HeldCache | undefined> {
  const staged = `${folder}/.new-${randomUUID()}`;
  fs.mkdirSync(staged);
  const lease = takeLease(staged);
  // Another process swept it between the two calls.
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
    if (usableIn(folder).some((number) => !tried.includes(number))) {
      held?.release();
      removeTree(staged);
      return undefined;
    }
    // A number of a directory in use is not used again, even if that one is pruned.
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

/** The numbers of the directories that are not pruned. */
function usableIn(folder: string): readonly number[] {
  return numbersIn(folder).filter((number) => !isPruned(`${folder}/${number}`));
}

/** Removes half made and half removed directories of dead processes, and pruned ones that are not in use. */
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
    // Renamed first: a half removed directory must not look like a usable one.
    fs.renameSync(`${folder}/${name}`, old);
    removeFree(old);
  } finally {
    held.release();
  }
}

function removeOld(path: string): void {
  const held = hold(path, 'exclusive', true);
  // A directory without a lock file is half removed. Earlier versions renamed directories in use as well.
  if (held || !fs.existsSync(`${path}/lock`)) removeFree(path);
  held?.release();
}

/** Removes a folder unless another process has a lease of it. */
function removeFree(path: string): void {
  const lease = takeLease(path);
  if (!lease) return;
  try {
    removeTree(path);
  } finally {
    lease.release();
  }
}

/** Marks a directory as pruned. Its present users keep it, at its place. */
function markPruned(folder: string): void {
  try {
    fs.writeFileSync(`${folder}/pruned`, '');
  } catch (error) {
    // Another process removed it.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function isPruned(folder: string): boolean {
  return fs.existsSync(`${folder}/pruned`);
}

/**
 * Locks a directory; undefined if it is in use, pruned, or being removed.
 * @param evenIfPruned locks a pruned directory too
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
  // Locked first, then checked: an unlocked directory can be removed between check and lock.
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

/**
 * Directories that live on between builds, for caches of package managers and compilers (S B.6.4;
 * `solver/llbsolver/mounts/mount.go`).
 *
 * ```
 * caches/<hash of the key>/<n>/data         the directory
 * caches/<hash of the key>/<n>/cache.json   what it is
 * caches/<hash of the key>/<n>/lock         held while it is mounted
 * ```
 *
 * There may be several directories of one key, since a private cache that is in use is left alone. Locks are the kernel's,
 * so they work between processes and are gone with the process that held them.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { errnoOf } from '../../error.ts';
import { removeTree } from '../../host/files.ts';
import { tryLock } from '../../host/kernel.ts';
import { isProcessAlive, processTag } from '../../host/process-tag.ts';

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
      const numbers = numbersIn(folder);
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
        fs.renameSync(`${folder}/${number}`, `${folder}/.old-${number}`);
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
  const staged = `${folder}/.new-${processTag()}-${serial++}`;
  // A number that is in use, even if it has been pruned, is not given again.
  const used = foldersIn(folder).map((name) => Number(/^(?:\.old-)?(\d+)$/.exec(name)?.[1] ?? 0));
  const target = `${folder}/${Math.max(0, ...used) + 1}`;
  try {
    fs.mkdirSync(`${staged}/data`, { recursive: true });
    fs.chmodSync(`${staged}/data`, 0o755);
    await fill?.(`${staged}/data`);
    const record: CacheRecord = { version: 1, key, description, createdAt: Date.now() };
    fs.writeFileSync(`${staged}/cache.json`, `${JSON.stringify(record)}\n`);
    fs.writeFileSync(`${staged}/lock`, '');
    fs.renameSync(staged, target);
  } catch (error) {
    removeTree(staged);
    const code = errnoOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return undefined;
    throw error;
  }
  return hold(target, kind);
}

let serial = 0;

/** Removes what dead processes left half made, and what was pruned and is free now. */
function sweep(folder: string): void {
  for (const name of foldersIn(folder)) {
    const path = `${folder}/${name}`;
    const tag = /^\.new-(\d+-\d+)-\d+$/.exec(name)?.[1];
    if (tag !== undefined && !isProcessAlive(tag)) removeTree(path);
    if (!name.startsWith('.old-')) continue;
    const held = hold(path, 'exclusive');
    if (held) removeTree(path);
    held?.release();
  }
}

/** Takes the lock of a directory; undefined when somebody has it, or the directory is just being removed. */
function hold(folder: string, kind: 'shared' | 'exclusive'): HeldCache | undefined {
  let lock: number;
  try {
    lock = fs.openSync(`${folder}/lock`, 'r+');
  } catch {
    return undefined;
  }
  if (!tryLock(lock, kind) || fs.fstatSync(lock).nlink === 0) {
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

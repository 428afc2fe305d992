import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { readlink } from '../../host/files.ts';
import { withUmask } from '../../host/kernel.ts';
import { mkdirat, O_PATH } from '../../host/mkdirat.ts';
import { systemError } from '../../host/syscalls.ts';
import { fsPath, join, nameOf } from '../../name/bytes.ts';

const MOST_LINKS = 255;
const ERRNO = { again: 11, tooManyLinks: 40 } as const;
const MOST_TRIES = 100;

/** One part of the way to a destination. */
interface Node {
  /** The path inside, without links. */
  readonly path: string;
  /** Held open; undefined: nothing is there, or it lies in a filesystem that is not there yet. */
  readonly file: number | undefined;
}

/** A resolved destination. Its files are open during {@link MountedTree.at}. */
export interface Place {
  /** Inside, without links. */
  readonly path: string;
  /** The destination of the mount that it lies in; `/` in the root. Not its own, if something is mounted right there. */
  readonly holder: string;
  /** True if the way leads through a mount, even if a link leaves it again. */
  readonly isBelowMount: boolean;
  /** It lies in a filesystem that is not there yet, so nothing is known of it. */
  readonly isHidden: boolean;
  /** The file at the place; undefined if there is none. */
  stat(): fs.Stats | undefined;
  /**
   * Makes a folder or empty file (0755) with the folders above it, if nothing is there.
   * @returns a path of this machine that names what is there, whoever moves it meanwhile
   */
  make(kind: 'dir' | 'file'): string;
}

/**
 * The root of a step with what is to be mounted over it, before it is mounted. Paths are resolved as they will be then:
 * links start from the root, wherever they lie, none leads out, and what is missing counts as no link.
 *
 * Other steps may change a mounted cache at the same time. So nothing is looked up twice: every part is opened from the open
 * folder above it, without following a link, and what is made is made in an open folder.
 */
export class MountedTree {
  readonly #root: string;
  /** By destination without links: the folder or file of this machine, undefined where there is none yet. */
  readonly #mounts = new Map<string, string | undefined>();

  /** @param root a byte string */
  constructor(root: string) {
    this.#root = root;
  }

  /** Records that `source` is mounted at a path without links, over all earlier mounts there or below it. */
  cover(path: string, source: string | undefined): void {
    for (const other of this.#mounts.keys()) if (other.startsWith(`${path}/`)) this.#mounts.delete(other);
    this.#mounts.set(path, source);
  }

  /** Calls a synchronous function for a destination (a byte string). Throws errors of system calls, `ELOOP` among them. */
  at<T>(dest: string, act: (place: Place) => T): T {
    const files: number[] = [];
    try {
      return act(this.#find(dest, files));
    } finally {
      for (const file of files) fs.closeSync(file);
    }
  }

  #find(dest: string, files: number[]): Place {
    const open = (path: string): number => {
      const file = fs.openSync(fsPath(path), O_PATH | fs.constants.O_NOFOLLOW);
      files.push(file);
      return file;
    };
    const root: Node = { path: '/', file: open(this.#root) };
    let way: Node[] = [root];
    let links = 0;
    let isBelowMount = false;
    const pending = dest.split('/').reverse();
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      const above = way.at(-1)!;
      const path = join(above.path, name);
      if (this.#mounts.has(above.path)) isBelowMount = true;
      if (this.#mounts.has(path)) {
        const source = this.#mounts.get(path);
        way.push({ path, file: source === undefined ? undefined : open(source) });
        continue;
      }
      const found = above.file === undefined ? undefined : lookUp(above.file, name, open);
      if (typeof found !== 'string') {
        way.push({ path, file: found });
        continue;
      }
      if (++links > MOST_LINKS) throw systemError(ERRNO.tooManyLinks, 'openat', dest);
      if (found.startsWith('/')) way = [root];
      pending.push(...found.split('/').reverse());
    }
    let last = way.at(-1)!;
    const holder = way.slice(0, -1).findLast(({ path }) => this.#mounts.has(path))?.path ?? '/';
    return {
      path: last.path,
      holder,
      isBelowMount,
      isHidden: this.#mounts.has(holder) && this.#mounts.get(holder) === undefined,
      stat: () => (last.file === undefined ? undefined : fs.fstatSync(last.file)),
      make: (kind) => {
        last = { ...last, file: makeAll(way, kind, open) };
        return handleOf(last.file!);
      },
    };
  }
}

/** The entry of an open folder: the target of a link, an open file for anything else, or undefined if it is missing. */
function lookUp(folder: number, name: string, open: (path: string) => number): number | string | undefined {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const path = `${handleOf(folder)}/${name}`;
    try {
      const file = open(path);
      if (!fs.fstatSync(file).isSymbolicLink()) return file;
      return readlink(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      // It was a link a moment ago.
      if (code !== 'EINVAL') throw error;
    }
  }
  throw changing(name);
}

function changing(path: string): Error {
  return systemError(ERRNO.again, 'openat', path);
}

/** Makes the missing parts at the end of a path, each in the open folder above it. */
function makeAll(way: readonly Node[], kind: 'dir' | 'file', open: (path: string) => number): number {
  const first = way.findIndex(({ file }) => file === undefined);
  if (first < 0) return way.at(-1)!.file!;
  let folder = way[first - 1]!.file!;
  for (const [i, { path }] of way.slice(first).entries()) {
    const isLast = first + i === way.length - 1;
    makeOne(folder, nameOf(path), isLast ? kind : 'dir');
    folder = open(`${handleOf(folder)}/${nameOf(path)}`);
    // Another step may have been faster, with a link.
    if (fs.fstatSync(folder).isSymbolicLink()) throw changing(path);
  }
  return folder;
}

function makeOne(folder: number, name: string, kind: 'dir' | 'file'): void {
  try {
    withUmask(0, () => {
      if (kind === 'dir') mkdirat(folder, name, 0o755);
      else fs.closeSync(fs.openSync(fsPath(`${handleOf(folder)}/${name}`), 'wx', 0o755));
    });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function handleOf(file: number): string {
  return `/proc/self/fd/${file}`;
}

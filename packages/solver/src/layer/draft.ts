import fs from 'node:fs';
import { keepingTimes, lstat, readdirTyped, removeTree, undoUmask } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { mknod, removeXattr, setTimes, setXattr } from '../host/syscalls.ts';
import { compareBytes, fsPath, join, nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { Entry, FileType } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';
import { DraftNotes } from './draft-notes.ts';
import { copyContent, copyEntry, linkEntry } from './replicate-entry.ts';
import { hasUserOpaque, isWhiteout } from './whiteout.ts';

export interface DraftOptions {
  /** The tree that the layer is written on; undefined for an empty filesystem. */
  readonly base: Tree | undefined;
  /** The layer's own folder (byte string): exists, is empty, lies on the filesystem of the store. */
  readonly upper: string;
  /** That of the work that the layer is written for. */
  readonly pacer: Pacer;
}

/**
 * A layer being written: its own folder on top of a base that is only read.
 *
 * It shows the merged tree (it is a {@link Tree}) and takes the changes that a file action or an unpacked archive makes.
 * Every change happens as on a mounted overlay: what exists only in the base is copied up first, a removed name leaves a
 * whiteout, parents get a new mtime when their content changes. Nothing is ever mounted.
 *
 * Paths are clean absolute byte strings whose parents are real directories of this tree: resolve links first. Errors are
 * those of `fs`: an `Error` with `code` (`ENOENT`, `ENOTDIR`, `EEXIST`, `EISDIR`). New entries belong to 0:0.
 *
 * The folder is in overlayfs upperdir form. Names that are gone are whiteouts on disk from the start, so that the parent's
 * mtime moves as it does in the kernel; directories that hide the base's are only noted until the commit spells them out.
 * A writer that fills the folder by other means notes what the commit must know in {@link Draft.notes}.
 */
export class Draft implements Tree {
  readonly upper: string;
  readonly base: Tree | undefined;
  /** For those who write much into it. */
  readonly pacer: Pacer;
  readonly notes = new DraftNotes();
  readonly #sharedInodes = new Set<string>();
  readonly #directories = new Map<string, DirectoryState>();

  constructor({ base, upper, pacer }: DraftOptions) {
    this.base = base;
    this.upper = upper;
    this.pacer = pacer;
  }

  lookup(path: string): Entry | undefined {
    if (path === '/') return { stat: lstat(this.upper)!, hostPath: this.upper, source: this.upper };
    const parent = this.#directory(parentOf(path));
    if (!parent || parent.names?.has(nameOf(path)) === false) return undefined;
    if (parent.inUpper) {
      const hostPath = this.#host(path);
      const stat = lstat(hostPath);
      if (stat) return isWhiteout(stat) ? undefined : { stat, hostPath, source: this.upper };
    }
    return parent.showsBase ? this.base?.lookup(path) : undefined;
  }

  list(path: string): readonly string[] {
    const state = this.#directory(path);
    if (!state) return [];
    if (!state.inUpper) return this.base?.list(path) ?? [];
    const { names, characterDevices } = readdirTyped(this.#host(path));
    const shown = names.filter((name) => !characterDevices.has(name) || this.lookup(join(path, name)));
    if (state.showsBase) {
      const seen = new Set(names);
      for (const name of this.base?.list(path) ?? []) if (!seen.has(name)) shown.push(name);
    }
    return shown.sort(compareBytes);
  }

  /** Makes a directory with exactly `mode`. `EEXIST` if anything has this name. */
  makeDirectory(path: string, mode: number): void {
    const hostPath = this.#place(path, 'mkdir');
    fs.mkdirSync(fsPath(hostPath), mode);
    undoUmask(hostPath, mode & 0o777);
    const baseEntry = this.#noteOverlap(path);
    if (baseEntry?.stat.type === 'dir') this.notes.addOpaque(path);
    this.#directories.set(path, {
      inUpper: true,
      showsBase: false,
      inBase: baseEntry?.stat.type === 'dir',
      names: new Set(),
    });
  }

  /** Writes a new file with exactly `mode` in place of whatever non-directory has this name. `EISDIR` over a directory. */
  writeFile(path: string, data: Uint8Array, mode: number): void {
    const hostPath = this.#replace(path, 'open');
    fs.writeFileSync(fsPath(hostPath), data, { mode, flag: 'wx' });
    undoUmask(hostPath, mode & 0o777);
    this.notes.addBytes(data.length);
  }

  /** A new file with the content of `from` and exactly `mode`, in place of a non-directory. */
  copyFile(path: string, from: Entry, mode: number): void {
    const hostPath = this.#replace(path, 'open');
    copyContent(from, hostPath);
    fs.chmodSync(fsPath(hostPath), mode);
    this.notes.addBytes(from.stat.size);
  }

  /**
   * A file with content, owner, mode, times and xattrs of `from`, in place of a non-directory. Shares the inode with the
   * layer it comes from where nobody can see that, else copies. The result must not be changed afterwards, only replaced.
   */
  shareFile(path: string, from: Entry): void {
    const hostPath = this.#replace(path, 'open');
    // A second use of one inode would look like a hard link within this layer.
    const inode = `${from.stat.dev}:${from.stat.ino}`;
    if (from.layer === undefined || this.#sharedInodes.has(inode)) {
      copyEntry(from, hostPath);
    } else if (linkEntry(from, hostPath) === 'linked') {
      this.#sharedInodes.add(inode);
      this.notes.addSharing(from.layer);
    }
    this.notes.addBytes(from.stat.size);
    this.notes.dropTouched(path);
  }

  /** `EEXIST` if anything has this name. */
  makeSymlink(path: string, target: string): void {
    fs.symlinkSync(fsPath(target), fsPath(this.#place(path, 'symlink')));
    this.#noteOverlap(path);
  }

  /** A device, fifo or socket with exactly `mode`. `EEXIST` if anything has this name. */
  makeNode(
    path: string,
    type: Extract<FileType, 'char' | 'block' | 'fifo' | 'socket'>,
    mode: number,
    major: number,
    minor: number,
  ): void {
    const hostPath = this.#place(path, 'mknod');
    mknod(hostPath, type, mode, major, minor);
    undoUmask(hostPath, mode & 0o777);
    this.#noteOverlap(path);
  }

  /** A second name for the non-directory at `existing`. `EEXIST` if anything has this name. */
  makeHardlink(path: string, existing: string): void {
    const from = this.#own(existing);
    this.notes.addLink(lstat(from)!);
    fs.linkSync(fsPath(from), fsPath(this.#place(path, 'link')));
    if (!this.notes.hasTouched(existing)) this.notes.dropTouched(path);
    this.#noteOverlap(path);
  }

  /** Removes whatever is at `path` with all below it; nothing there is fine. */
  remove(path: string): void {
    const entry = this.lookup(path);
    if (!entry || path === '/') return;
    const parent = this.#copyUp(parentOf(path));
    const hostPath = this.#host(path);
    this.notes.addBytes(-removeTree(hostPath));
    this.#noteChange(path, false);
    if (entry.stat.type === 'dir') this.#forget(path);
    else this.notes.dropOverlap(path);
    if (parent.showsBase && this.base?.lookup(path)) {
      mknod(hostPath, 'char', 0, 0, 0);
      this.notes.addWhiteoutHolder(parentOf(path));
    }
  }

  /** Owner of the entry itself, never of a link's target. */
  setOwner(path: string, uid: number, gid: number): void {
    fs.lchownSync(fsPath(this.#own(path)), uid, gid);
  }

  /** Permission bits with setuid, setgid, sticky. Links have none: do not call it for them. */
  setMode(path: string, mode: number): void {
    fs.chmodSync(fsPath(this.#own(path)), mode);
  }

  /** Nanoseconds since 1970, of the entry itself. */
  setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void {
    setTimes(this.#own(path), atimeNs, mtimeNs);
    this.notes.dropTouched(path);
  }

  setXattr(path: string, name: string, value: Uint8Array): void {
    setXattr(this.#own(path), name, value);
    this.noteMarks(path);
  }

  removeXattr(path: string, name: string): void {
    removeXattr(this.#own(path), name);
  }

  /** Notes a directory that has got attributes. */
  noteMarks(path: string): void {
    const hostPath = this.#host(path);
    if (lstat(hostPath)?.type === 'dir' && hasUserOpaque(hostPath)) this.notes.addUserOpaque(path);
  }

  #host(path: string): string {
    return path === '/' ? this.upper : this.upper + path;
  }

  /** The host path for a new entry, where nothing may be yet. */
  #place(path: string, syscall: string): string {
    if (this.lookup(path)) throw fileError('EEXIST', 'file already exists', syscall, path);
    this.#enterParent(path, syscall);
    const hostPath = this.#host(path);
    // An entry that the lookup did not show can only be a whiteout.
    if (!this.#isVacant(path) && lstat(hostPath)) fs.unlinkSync(fsPath(hostPath));
    this.#noteChange(path, true);
    return hostPath;
  }

  /** True if this draft made the directory of `path` and nothing of this name in it. */
  #isVacant(path: string): boolean {
    return this.#directories.get(parentOf(path))?.names?.has(nameOf(path)) === false;
  }

  /** The host path for a new file, after what was there is gone. Never writes into an inode: it may be shared. */
  #replace(path: string, syscall: string): string {
    this.#enterParent(path, syscall);
    const hostPath = this.#host(path);
    const there = this.#isVacant(path) ? undefined : lstat(hostPath);
    const shown = there && !isWhiteout(there) ? there : undefined;
    const state = this.#directories.get(parentOf(path));
    const base = there || !state?.showsBase ? undefined : this.base?.lookup(path)?.stat;
    if ((shown ?? base)?.type === 'dir') throw fileError('EISDIR', 'is a directory', syscall, path);
    if (there) this.notes.addBytes(-removeTree(hostPath));
    this.#noteOverlap(path);
    this.#noteChange(path, true);
    return hostPath;
  }

  #enterParent(path: string, syscall: string): void {
    if (path === '/') throw fileError('EISDIR', 'is a directory', syscall, path);
    const parent = parentOf(path);
    if (!this.#directory(parent)) {
      const code = this.lookup(parent) ? 'ENOTDIR' : 'ENOENT';
      throw fileError(
        code,
        code === 'ENOENT' ? 'no such file or directory' : 'not a directory',
        syscall,
        path,
      );
    }
    this.#copyUp(parent);
  }

  /** The host path of an existing entry in the own folder, copied up if need be. */
  #own(path: string): string {
    const entry = this.lookup(path);
    if (!entry) throw fileError('ENOENT', 'no such file or directory', 'lstat', path);
    if (entry.source === this.upper) return entry.hostPath;
    if (entry.stat.type === 'dir') this.#copyUp(path);
    else this.#copyUpEntry(path, entry);
    return this.#host(path);
  }

  /** Makes sure that a directory of this tree exists in the own folder. */
  #copyUp(path: string): DirectoryState {
    const state = this.#directory(path);
    if (!state) throw fileError('ENOENT', 'no such file or directory', 'lstat', path);
    if (state.inUpper) return state;
    this.#copyUpEntry(path, this.base!.lookup(path)!);
    const copied = { ...state, inUpper: true };
    this.#directories.set(path, copied);
    return copied;
  }

  /** As the kernel does it: the parent's times stay as they were. */
  #copyUpEntry(path: string, entry: Entry): void {
    this.#copyUp(parentOf(path));
    const parentHost = this.#host(parentOf(path));
    keepingTimes(parentHost, () => copyEntry(entry, this.#host(path)));
    if (entry.stat.type === 'dir') this.noteMarks(path);
    if (entry.stat.type === 'file') this.notes.addBytes(entry.stat.size);
    this.notes.addOverlap(path);
  }

  /** Something was made or removed: it, or only its parent, has the time of this build now. The root's does not count. */
  #noteChange(path: string, made: boolean): void {
    if (made) {
      this.notes.addEntry(path);
    } else {
      this.notes.dropTouched(path);
    }
    const parent = parentOf(path);
    if (parent !== '/') this.notes.addTouched(parent);
    const names = this.#directories.get(parent)?.names;
    if (made) names?.add(nameOf(path));
    else names?.delete(nameOf(path));
  }

  #noteOverlap(path: string): Entry | undefined {
    if (!this.#directories.get(parentOf(path))?.inBase) return undefined;
    const entry = this.base?.lookup(path);
    if (entry) this.notes.addOverlap(path);
    return entry;
  }

  #directory(path: string): DirectoryState | undefined {
    const known = this.#directories.get(path);
    if (known) return known;
    const state = path === '/' ? this.#rootState() : this.#findDirectory(path);
    if (state) this.#directories.set(path, state);
    return state;
  }

  #rootState(): DirectoryState {
    return { inUpper: true, showsBase: this.base !== undefined, inBase: this.base !== undefined };
  }

  #findDirectory(path: string): DirectoryState | undefined {
    const parent = this.#directory(parentOf(path));
    if (!parent) return undefined;
    const inBase = parent.inBase && this.base?.lookup(path)?.stat.type === 'dir';
    const there = parent.inUpper ? lstat(this.#host(path)) : undefined;
    if (there) {
      if (there.type !== 'dir') return undefined;
      return { inUpper: true, showsBase: inBase && parent.showsBase && !this.notes.opaque.has(path), inBase };
    }
    return inBase && parent.showsBase ? { inUpper: false, showsBase: true, inBase } : undefined;
  }

  /** Drops what is remembered of a directory and all below. */
  #forget(path: string): void {
    const below = `${path}/`;
    const directories = this.#directories;
    for (const key of directories.keys()) if (key === path || key.startsWith(below)) directories.delete(key);
    this.notes.forget(path);
  }
}

interface DirectoryState {
  /** It exists in the draft's own folder. */
  readonly inUpper: boolean;
  /** The entries of the base in it show. */
  readonly showsBase: boolean;
  /** The base has a directory here, hidden or not. */
  readonly inBase: boolean;
  /** The names in it, if this draft made the directory: spares a system call for each new name. */
  readonly names?: Set<string>;
}

function fileError(code: string, reason: string, syscall: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: ${reason}, ${syscall} '${textOf(path)}'`);
  return Object.assign(error, { code, syscall, path: textOf(path) });
}

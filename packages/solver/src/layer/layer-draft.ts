import fs from 'node:fs';
import { keepingTimes, lstat, readdirTyped, removeTree, undoUmask } from '../host/files.ts';
import { mknod, removeXattr, setTimes, setXattr } from '../host/syscalls.ts';
import { compareBytes, fsPath, join, nameOf, parentOf, textOf } from '../name/bytes.ts';
import type { Entry, EntryStat } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';
import type { Draft } from './draft.ts';
import { copyContent, copyEntry, isPipe, linkEntry } from './replicate-entry.ts';
import { hasUserOpaque, isWhiteout } from './whiteout.ts';

export interface LayerDraftOptions {
  /** The tree that the layer is written on; undefined for an empty filesystem. */
  readonly base: Tree | undefined;
  /** The layer's own folder (byte string): exists, is empty, lies on the filesystem of the store. */
  readonly upper: string;
}

/**
 * A draft as a folder in overlayfs upperdir form. Names that are gone are whiteouts on disk from the start, so that the
 * parent's mtime moves as it does in the kernel; directories that hide the base's are only remembered
 * ({@link LayerDraft.opaque}) until the commit spells them out.
 */
export class LayerDraft implements Draft {
  readonly upper: string;
  readonly base: Tree | undefined;
  /** Directories made where the base has a directory: nothing of the base shows in them. */
  readonly opaque = new Set<string>();
  /** Paths written here that the base has too, hidden or not: only these can turn out unchanged. */
  readonly overlaps = new Set<string>();
  /** Directories that hold whiteouts. */
  readonly whiteoutHolders = new Set<string>();
  /** Directories with an attribute that they lose when they move ({@link hasUserOpaque}). */
  readonly userOpaque = new Set<string>();
  /** Layers whose inodes are shared. */
  readonly sharedWith = new Set<string>();
  /** Inodes that got a second name. */
  readonly linkedInodes = new Set<bigint>();
  /** True if one of these is a pipe or socket. */
  hasLinkedPipes = false;
  /** Bytes of the files written so far. */
  bytes = 0;
  /** Entries made so far, those that were removed again included. */
  entries = 0;
  readonly #sharedInodes = new Set<string>();
  /** Paths that have the time of this build. */
  readonly #untimed = new Set<string>();
  readonly #directories = new Map<string, DirectoryState>();

  constructor({ base, upper }: LayerDraftOptions) {
    this.base = base;
    this.upper = upper;
  }

  /** True if the same actions would give the same layer at any time. */
  get isTimeless(): boolean {
    return this.#untimed.size === 0;
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

  makeDirectory(path: string, mode: number): void {
    const hostPath = this.#place(path, 'mkdir');
    fs.mkdirSync(fsPath(hostPath), mode);
    undoUmask(hostPath, mode & 0o777);
    const baseEntry = this.#noteOverlap(path);
    if (baseEntry?.stat.type === 'dir') this.opaque.add(path);
    this.#directories.set(path, {
      inUpper: true,
      showsBase: false,
      inBase: baseEntry?.stat.type === 'dir',
      names: new Set(),
    });
  }

  writeFile(path: string, data: Uint8Array, mode: number): void {
    const hostPath = this.#replace(path, 'open');
    fs.writeFileSync(fsPath(hostPath), data, { mode, flag: 'wx' });
    undoUmask(hostPath, mode & 0o777);
    this.bytes += data.length;
  }

  copyFile(path: string, from: Entry, mode: number): void {
    const hostPath = this.#replace(path, 'open');
    copyContent(from, hostPath);
    fs.chmodSync(fsPath(hostPath), mode);
    this.bytes += from.stat.size;
  }

  shareFile(path: string, from: Entry): void {
    const hostPath = this.#replace(path, 'open');
    // A second use of one inode would look like a hard link within this layer.
    const inode = `${from.stat.dev}:${from.stat.ino}`;
    if (from.layer === undefined || this.#sharedInodes.has(inode)) {
      copyEntry(from, hostPath);
    } else if (linkEntry(from, hostPath) === 'linked') {
      this.#sharedInodes.add(inode);
      this.sharedWith.add(from.layer);
    }
    this.bytes += from.stat.size;
    this.#untimed.delete(path);
  }

  makeSymlink(path: string, target: string): void {
    fs.symlinkSync(fsPath(target), fsPath(this.#place(path, 'symlink')));
    this.#noteOverlap(path);
  }

  makeNode(
    path: string,
    type: 'char' | 'block' | 'fifo' | 'socket',
    mode: number,
    major: number,
    minor: number,
  ): void {
    const hostPath = this.#place(path, 'mknod');
    mknod(hostPath, type, mode, major, minor);
    undoUmask(hostPath, mode & 0o777);
    this.#noteOverlap(path);
  }

  makeHardlink(path: string, existing: string): void {
    const from = this.#own(existing);
    this.noteLink(lstat(from)!);
    fs.linkSync(fsPath(from), fsPath(this.#place(path, 'link')));
    if (!this.#untimed.has(existing)) this.#untimed.delete(path);
    this.#noteOverlap(path);
  }

  remove(path: string): void {
    const entry = this.lookup(path);
    if (!entry || path === '/') return;
    const parent = this.#copyUp(parentOf(path));
    const hostPath = this.#host(path);
    this.bytes -= removeTree(hostPath);
    this.#noteChange(path, false);
    if (entry.stat.type === 'dir') this.#forget(path);
    else this.overlaps.delete(path);
    if (parent.showsBase && this.base?.lookup(path)) {
      mknod(hostPath, 'char', 0, 0, 0);
      this.whiteoutHolders.add(parentOf(path));
    }
  }

  setOwner(path: string, uid: number, gid: number): void {
    fs.lchownSync(fsPath(this.#own(path)), uid, gid);
  }

  setMode(path: string, mode: number): void {
    fs.chmodSync(fsPath(this.#own(path)), mode);
  }

  setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void {
    setTimes(this.#own(path), atimeNs, mtimeNs);
    this.#untimed.delete(path);
  }

  setXattr(path: string, name: string, value: Uint8Array): void {
    setXattr(this.#own(path), name, value);
    this.noteMarks(path);
  }

  removeXattr(path: string, name: string): void {
    removeXattr(this.#own(path), name);
  }

  /** Remembers that an entry of the own folder has, or gets, a second name there. */
  noteLink({ type, ino }: EntryStat): void {
    this.linkedInodes.add(ino);
    this.hasLinkedPipes ||= isPipe(type);
  }

  /** Remembers a directory that has got attributes. */
  noteMarks(path: string): void {
    const hostPath = this.#host(path);
    if (lstat(hostPath)?.type === 'dir' && hasUserOpaque(hostPath)) this.userOpaque.add(path);
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
    if (there) this.bytes -= removeTree(hostPath);
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
    if (entry.stat.type === 'file') this.bytes += entry.stat.size;
    this.overlaps.add(path);
  }

  /** Something was made or removed: it, or only its parent, has the time of this build now. The root's does not count. */
  #noteChange(path: string, made: boolean): void {
    if (made) {
      this.entries++;
      this.#untimed.add(path);
    } else {
      this.#untimed.delete(path);
    }
    const parent = parentOf(path);
    if (parent !== '/') this.#untimed.add(parent);
    const names = this.#directories.get(parent)?.names;
    if (made) names?.add(nameOf(path));
    else names?.delete(nameOf(path));
  }

  #noteOverlap(path: string): Entry | undefined {
    if (!this.#directories.get(parentOf(path))?.inBase) return undefined;
    const entry = this.base?.lookup(path);
    if (entry) this.overlaps.add(path);
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
      return { inUpper: true, showsBase: inBase && parent.showsBase && !this.opaque.has(path), inBase };
    }
    return inBase && parent.showsBase ? { inUpper: false, showsBase: true, inBase } : undefined;
  }

  /** Drops what is remembered of a directory and all below. */
  #forget(path: string): void {
    const below = `${path}/`;
    for (const known of [
      this.#directories,
      this.opaque,
      this.overlaps,
      this.whiteoutHolders,
      this.userOpaque,
      this.#untimed,
    ]) {
      for (const key of known.keys()) if (key === path || key.startsWith(below)) known.delete(key);
    }
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

/**
 * Applies moved layers to one folder, entry by entry, as BuildKit makes every merge (`snapshot/diffapply_linux.go`). A chain of
 * the layers' folders shows the same and costs nothing, but where odd entries meet (`odd-entries.ts`).
 */

import fs from 'node:fs';
import { stepFailure } from '../error/error.ts';
import { lstat, readdir, removeTree } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { mknod, setTimes } from '../host/syscalls.ts';
import { copyEntry, copyMetadata, copyXattrs, isPipe, linkEntry } from '../layer/replicate-entry.ts';
import { isWhiteout, markWhiteoutHolder } from '../layer/whiteout.ts';
import { fsPath, join, parentOf, textOf } from '../name/bytes.ts';
import type { Entry, EntryStat, FileType } from '../name/entry.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { type ChainFolder, ChainTree } from './chain-tree.ts';
import { LowerFolders } from './lower-folders.ts';

export interface AppliedFolder {
  readonly bytes: number;
  readonly whiteoutHolders: readonly string[];
}

/**
 * @param moved in the order in which they are applied
 * @param standing what they are applied on, lowest → highest
 * @param folder an empty folder that becomes the layer
 */
export async function applyLayers(
  moved: readonly ChainFolder[],
  standing: readonly ChainFolder[],
  folder: string,
  pacer: Pacer,
): Promise<AppliedFolder> {
  const applied = new AppliedLayers(standing, folder);
  for (const layer of moved) {
    const tree = new FolderTree(layer.path, { isFixed: true });
    const pending = [...tree.list('/')].reverse().map((name) => `/${name}`);
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      await pacer.pause();
      const entry = { ...tree.lookup(path)!, source: layer.source ?? layer.id };
      applied.apply(path, entry);
      if (entry.stat.type !== 'dir') continue;
      for (const name of [...tree.list(path)].reverse()) pending.push(join(path, name));
    }
  }
  const top = moved.at(-1);
  if (top) copyMetadata({ stat: lstat(top.path)!, hostPath: top.path, source: top.id }, folder);
  return applied.finish();
}

class AppliedLayers {
  readonly #root: string;
  readonly #below: ChainTree;
  readonly #lowers: LowerFolders | undefined;
  /** Directory → the entry that it got its times from. */
  readonly #directories = new Map<string, Entry>();
  /** They replaced something: nothing of what stands in place shows in them. */
  readonly #opaque = new Set<string>();
  readonly #holders = new Set<string>();
  /** Inode → the layer it came from. */
  readonly #inodes = new Map<string, string>();
  #bytes = 0;

  constructor(standing: readonly ChainFolder[], root: string) {
    this.#root = root;
    this.#below = new ChainTree(standing);
    if (standing.length > 0) this.#lowers = new LowerFolders(standing.map(({ path }) => path));
  }

  apply(path: string, entry: Entry): void {
    const parent = parentOf(path);
    if (parent !== '/' && !this.#directories.has(parent))
      throw failure(`failed to stat during copy apply: lstat ${textOf(path)}: not a directory`, path);
    const { type } = entry.stat;
    let there = lstat(this.#root + path);
    const replaces = there !== undefined && !hasDirectoryBits(type, there.type);
    if (isWhiteout(entry.stat)) {
      this.#remove(path, there);
      if (this.#lowers?.has(path)) this.#hide(path);
      return;
    }
    if (replaces) {
      this.#remove(path, there);
      there = undefined;
    }
    if (type === 'dir') {
      this.#applyDirectory(path, entry, there);
      if (replaces && this.#lowers) this.#opaque.add(path);
    } else if (!there) {
      this.#make(path, entry);
    } else {
      const [doing, call] =
        type === 'socket'
          ? ['copy', 'mknod during apply:']
          : ['hardlink', `hardlink during apply: link ${textOf(path)}:`];
      throw failure(`failed to ${doing} during apply: failed to ${call} file exists`, path);
    }
  }

  finish(): AppliedFolder {
    for (const path of this.#opaque) this.#hideBelow(path);
    for (const [path, { stat }] of [...this.#directories].reverse())
      setTimes(this.#root + path, stat.atimeNs, stat.mtimeNs);
    for (const path of this.#holders) markWhiteoutHolder(path === '/' ? this.#root : this.#root + path);
    return { bytes: this.#bytes, whiteoutHolders: [...this.#holders].sort() };
  }

  /** The entry that is there is a directory, or has the bits of one: then only owner, mode and attributes are set. */
  #applyDirectory(path: string, entry: Entry, there: EntryStat | undefined): void {
    const hostPath = this.#root + path;
    if (!there) fs.mkdirSync(fsPath(hostPath), 0o700);
    else if (there.type !== 'dir') remakeNode(hostPath, there);
    fs.lchownSync(fsPath(hostPath), entry.stat.uid, entry.stat.gid);
    fs.chmodSync(fsPath(hostPath), entry.stat.mode);
    copyXattrs(entry, hostPath);
    if (there && there.type !== 'dir') return;
    this.#directories.set(path, entry);
  }

  #make(path: string, entry: Entry): void {
    const { dev, ino, size, type } = entry.stat;
    const inode = `${dev}:${ino}`;
    const known = this.#inodes.get(inode);
    // Names from one layer with one inode are hard links; from two layers they only share it, which must not show.
    if ((known !== undefined && known !== entry.source) || isPipe(type)) copyEntry(entry, this.#root + path);
    else linkEntry(entry, this.#root + path);
    this.#inodes.set(inode, entry.source);
    if (type === 'file') this.#bytes += size;
  }

  #remove(path: string, there: EntryStat | undefined): void {
    if (!there) return;
    this.#bytes -= removeTree(this.#root + path);
    if (there.type !== 'dir') return;
    const below = `${path}/`;
    for (const known of [this.#directories, this.#opaque, this.#holders])
      for (const one of known.keys()) if (one === path || one.startsWith(below)) known.delete(one);
  }

  #hide(path: string): void {
    mknod(this.#root + path, 'char', 0, 0, 0);
    this.#holders.add(parentOf(path));
  }

  /** Writes out what an opaque directory hides of what stands in place. */
  #hideBelow(path: string): void {
    const names = new Set(readdir(this.#root + path));
    for (const name of this.#below.list(path)) {
      const child = join(path, name);
      if (!names.has(name)) this.#hide(child);
      else if (this.#directories.has(child)) this.#hideBelow(child);
    }
  }
}

const TYPE_BITS: Readonly<Record<FileType, number>> = {
  fifo: 1,
  char: 2,
  dir: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
};

/** BuildKit's test for "both are directories" (`applyDelete`), which is true of block devices and sockets too. */
function hasDirectoryBits(a: FileType, b: FileType): boolean {
  return (TYPE_BITS[a] & TYPE_BITS[b]) === TYPE_BITS.dir;
}

/** An inode of its own for a node that may be linked from a stored layer. */
function remakeNode(hostPath: string, { type, mode, major, minor, atimeNs, mtimeNs }: EntryStat): void {
  fs.unlinkSync(fsPath(hostPath));
  mknod(hostPath, type === 'socket' ? 'socket' : 'block', mode, major, minor);
  setTimes(hostPath, atimeNs, mtimeNs);
}

function failure(message: string, path: string): Error {
  return stepFailure(`failed to apply diffs: failed to handle changes: ${message}`, {
    hint: `layers of a merge have a directory, a block device or a socket at ${textOf(path)}: BuildKit cannot put one in the place of another`,
  });
}

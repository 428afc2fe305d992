/**
 * Computes what leads from one tree to another and writes it as a layer folder in normal form (docs/buildkit-semantics.md#sameness).
 *
 * Both trees are chains of folders, and mostly of the same folders. In a directory where both have the same folders
 * nothing can differ; elsewhere only the names that the differing folders hold can. So the cost follows what was written
 * in the differing layers, not the size of the trees. Passing the result over the whole walk is a tested law.
 */

import fs from 'node:fs';
import { readdir } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { mknod } from '../host/syscalls.ts';
import type { AdoptedLayer } from '../layer/layer-store.ts';
import { copyEntry, copyMetadata, isPipe, linkEntry } from '../layer/replicate-entry.ts';
import { isSameForDiff, type KnownDigest } from '../layer/sameness.ts';
import { markWhiteoutHolder, removeUserOpaque } from '../layer/whiteout.ts';
import { fsPath, join, parentOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import type { ChainFolder, ChainTree } from './chain-tree.ts';

export interface DiffOptions {
  /** Asked now and then. */
  readonly pacer: Pacer;
  /** Spares reading the files of which it knows something. Default: knows nothing. */
  readonly digestOf?: KnownDigest;
  /** Directories lose what BuildKit does not move with them. Default: false. */
  readonly isMoved?: boolean;
}

/** @param folder an empty folder that becomes the layer */
export async function computeDiff(
  { lower, upper }: { readonly lower: ChainTree; readonly upper: ChainTree },
  folder: string,
  { pacer, digestOf, isMoved = false }: DiffOptions,
): Promise<AdoptedLayer> {
  const output = new DiffFolder(upper, folder, isMoved);
  // A stack of directories to compare; explicit, since trees may be deep.
  const pending = ['/'];
  let steps = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const name of candidates(lower.partsOf(path) ?? [], upper.partsOf(path) ?? [])) {
      if (++steps % 256 === 0) await pacer.pause();
      const child = join(path, name);
      const [before, after] = [lower.lookup(child), upper.lookup(child)];
      if (!after) {
        if (before) output.remove(child);
      } else if (!before) {
        await addTree(child, after);
      } else {
        const bothDirectories = before.stat.type === 'dir' && after.stat.type === 'dir';
        if (!isSameForDiff(before, after, digestOf)) {
          if (after.stat.type === 'dir' && !bothDirectories) await addTree(child, after);
          else output.add(child, after);
        }
        if (bothDirectories) pending.push(child);
      }
    }
  }
  return output.finish();

  async function addTree(path: string, entry: Entry): Promise<void> {
    const adding: [string, Entry][] = [[path, entry]];
    for (let next = adding.pop(); next; next = adding.pop()) {
      const [at, here] = next;
      if (++steps % 256 === 0) await pacer.pause();
      output.add(at, here);
      if (here.stat.type !== 'dir') continue;
      for (const name of upper.list(at)) adding.push([join(at, name), upper.lookup(join(at, name))!]);
    }
  }
}

/** Names that may differ between two stacks of folders (highest → lowest): equal ends of the stacks cannot matter. */
function candidates(lower: readonly ChainFolder[], upper: readonly ChainFolder[]): Iterable<string> {
  let [start, ends] = [0, 0];
  const shorter = Math.min(lower.length, upper.length);
  while (ends < shorter && lower.at(-1 - ends)!.path === upper.at(-1 - ends)!.path) ends++;
  while (start < shorter - ends && lower[start]!.path === upper[start]!.path) start++;
  const names = new Set<string>();
  for (const stack of [lower, upper]) {
    for (const { path } of stack.slice(start, stack.length - ends)) {
      for (const name of readdir(path)) names.add(name);
    }
  }
  return names;
}

/** The layer folder as it grows: parents come by themselves, with the metadata they have in the upper tree. */
class DiffFolder {
  readonly #upper: ChainTree;
  readonly #root: string;
  readonly #directories = new Map<string, Entry>();
  readonly #holders = new Set<string>();
  /** Inode → the layer it came from. */
  readonly #inodes = new Map<string, string>();
  readonly #linkedFrom = new Set<string>();
  readonly #isMoved: boolean;
  #bytes = 0;

  constructor(upper: ChainTree, root: string, isMoved: boolean) {
    this.#upper = upper;
    this.#root = root;
    this.#isMoved = isMoved;
  }

  add(path: string, entry: Entry): void {
    this.#enter(parentOf(path));
    if (entry.stat.type === 'dir') {
      if (!this.#directories.has(path)) this.#make(path, entry);
      return;
    }
    const { dev, ino, size, type } = entry.stat;
    const inode = `${dev}:${ino}`;
    const known = this.#inodes.get(inode);
    // Names from one layer with one inode are hard links; from two layers they only share it, which must not show.
    if ((known !== undefined && known !== entry.source) || isPipe(type)) copyEntry(entry, this.#root + path);
    else linkEntry(entry, this.#root + path);
    this.#inodes.set(inode, entry.source);
    if (entry.layer !== undefined) this.#linkedFrom.add(entry.layer);
    if (type === 'file') this.#bytes += size;
  }

  remove(path: string): void {
    const parent = parentOf(path);
    this.#enter(parent);
    mknod(this.#root + path, 'char', 0, 0, 0);
    this.#holders.add(parent);
  }

  /** Sets what filling the directories has disturbed, and the marks that whiteouts need. */
  finish(): AdoptedLayer {
    for (const [path, entry] of [...this.#directories].reverse()) {
      const hostPath = this.#root + path;
      copyMetadata(entry, hostPath);
      if (this.#isMoved) removeUserOpaque(hostPath);
    }
    for (const path of this.#holders) markWhiteoutHolder(path === '/' ? this.#root : this.#root + path);
    return {
      bytes: this.#bytes,
      whiteoutHolders: [...this.#holders].sort(),
      linkedFrom: [...this.#linkedFrom].sort(),
    };
  }

  #enter(path: string): void {
    if (path === '/' || this.#directories.has(path)) return;
    this.#enter(parentOf(path));
    this.#make(path, this.#upper.lookup(path)!);
  }

  #make(path: string, entry: Entry): void {
    fs.mkdirSync(fsPath(this.#root + path), 0o700);
    this.#directories.set(path, entry);
  }
}

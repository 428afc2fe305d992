import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { lstat, removeTree, undoUmask } from '../../host/files.ts';
import { mknod, removeXattr, setTimes, setXattr } from '../../host/syscalls.ts';
import type { Draft } from '../../layer/draft.ts';
import { fsPath } from '../../name/bytes.ts';
import type { Tree } from '../../tree/tree.ts';
import { describeEntry, isRacy } from './describe.ts';
import { type IndexRow, isUnchanged } from './local-index.ts';
import { openContent, readLarge } from './read-content.ts';
import type { ScannedEntry } from './scan.ts';
import type { KnownEntry } from './tree-digest.ts';

/** An earlier import of the same folder. */
export interface Earlier {
  readonly rows: ReadonlyMap<string, IndexRow>;
  /** Id of the stored layer, and what it holds. */
  readonly layer: string;
  readonly tree: Tree;
}

export interface ImportOptions {
  readonly draft: Draft;
  /** When the folder was scanned, ns since 1970. */
  readonly scannedNs: bigint;
  readonly earlier: Earlier | undefined;
  /** True if the draft already has all of the earlier layer, so that only changes are applied. */
  readonly isReplica: boolean;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Fills a draft on nothing with the entries of a folder, as BuildKit receives them (fsutil `diskwriter.go`): all owned by
 * root, mode, xattrs and times kept, sockets as empty files. Unchanged files share their inode with the earlier layer.
 *
 * Written straight into the draft's folder, which has nothing below it: one lookup per file less counts here.
 */
export async function importFolder(
  entries: readonly ScannedEntry[],
  options: ImportOptions,
): Promise<KnownEntry[]> {
  const importer = new Importer(options);
  if (options.isReplica) importer.removeGone(entries);
  for (const entry of entries) {
    await options.draft.pacer.pause();
    await importer.add(entry);
  }
  return importer.finish();
}

class Importer {
  readonly #options: ImportOptions;
  readonly #known: KnownEntry[] = [];
  readonly #written = new Set<string>();
  /** Files whose first name was not brought → the name that stands for it. */
  readonly #standIns = new Map<string, string>();
  /** A directory with this bit hands its group down. */
  #anySetgid = false;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** Removes from a replica what the folder has no more. */
  removeGone(entries: readonly ScannedEntry[]): void {
    const { earlier, draft } = this.#options;
    const paths = new Set(entries.map(({ path }) => path));
    for (const path of earlier?.rows.keys() ?? []) if (!paths.has(path)) removeTree(this.#target(path));
    if (earlier) draft.notes.addSharing(earlier.layer);
  }

  async add(entry: ScannedEntry): Promise<void> {
    const { earlier, scannedNs, isReplica } = this.#options;
    const old = earlier?.rows.get(entry.path);
    const trusted = old && isUnchanged(entry, old) ? old : undefined;
    // A further name must belong to whatever its first name is now.
    if (isReplica && trusted && entry.linkTo === undefined) {
      this.#keep(entry, trusted);
      return;
    }
    if (isReplica && old) this.#makeRoom(entry, old);
    const description = trusted ?? describeEntry(entry);
    if (!description) return;
    const link = this.#linkFor(entry);
    const content =
      link === undefined ? await this.#make(entry, description, old, trusted) : this.#link(entry, link);
    if (content === undefined) return;
    this.#written.add(entry.path);
    const { target, xattrs } = description;
    const row: IndexRow = trusted ?? {
      signature: entry.signature,
      content,
      target,
      xattrs,
      racy: isRacy(entry, scannedNs),
    };
    this.#known.push({ entry: link === entry.linkTo ? entry : { ...entry, linkTo: link }, row });
  }

  /** An entry of the earlier layer that is right as it is. */
  #keep(entry: ScannedEntry, row: IndexRow): void {
    const { type, mode, size } = entry.stat;
    if (type === 'file') this.#options.draft.notes.addBytes(size);
    if (type === 'dir') this.#anySetgid ||= (mode & 0o2000) !== 0;
    this.#written.add(entry.path);
    this.#known.push({ entry, row });
  }

  /** A directory that stays one keeps what is in it. */
  #makeRoom({ path, stat }: ScannedEntry, old: IndexRow): void {
    const target = this.#target(path);
    if (stat.type !== 'dir' || lstat(target)?.type !== 'dir') removeTree(target);
    else for (const [name] of old.xattrs) removeXattr(target, name);
  }

  /** Directories get their times once they are full. */
  finish(): KnownEntry[] {
    for (const { entry } of this.#known.toReversed()) {
      const { path, stat } = entry;
      if (stat.type === 'dir') setTimes(this.#target(path), stat.mtimeNs, stat.mtimeNs);
    }
    return this.#known;
  }

  #target(path: string): string {
    return `${this.#options.draft.upper}/${path}`;
  }

  /** The name to link to; a file whose first name was not brought becomes the first itself. */
  #linkFor({ path, linkTo }: ScannedEntry): string | undefined {
    if (linkTo === undefined || this.#written.has(linkTo)) return linkTo;
    const standIn = this.#standIns.get(linkTo);
    if (standIn === undefined) this.#standIns.set(linkTo, path);
    return standIn;
  }

  #link({ path }: ScannedEntry, linkTo: string): string {
    const target = this.#target(path);
    fs.linkSync(fsPath(this.#target(linkTo)), fsPath(target));
    this.#options.draft.notes.addLink(lstat(target)!);
    return '';
  }

  /** Makes an entry; returns the digest of its content (empty for what has none), undefined if it has vanished. */
  async #make(
    entry: ScannedEntry,
    description: Pick<IndexRow, 'target' | 'xattrs'>,
    old: IndexRow | undefined,
    trusted: IndexRow | undefined,
  ): Promise<string | undefined> {
    const { path, stat } = entry;
    const target = this.#target(path);
    switch (stat.type) {
      case 'dir':
        this.#makeDirectory(target, stat.mode & 0o777);
        this.#finishEntry(target, entry, description.xattrs);
        return '';
      case 'symlink':
        fs.symlinkSync(fsPath(description.target), fsPath(target));
        this.#finishEntry(target, entry, description.xattrs);
        return '';
      case 'file':
      case 'socket':
        if (trusted && this.#share(entry)) return trusted.content;
        return this.#bringFile(entry, description, old);
      case 'char':
      case 'block':
      case 'fifo':
        mknod(target, stat.type, stat.mode & 0o777, stat.major, stat.minor);
        this.#finishEntry(target, entry, description.xattrs);
        return '';
    }
  }

  #makeDirectory(target: string, mode: number): void {
    if (!this.#options.isReplica || !lstat(target)) fs.mkdirSync(fsPath(target), mode);
    else fs.chmodSync(fsPath(target), mode);
  }

  /** Links a file from the earlier layer. */
  #share({ path, stat }: ScannedEntry): boolean {
    const { earlier, draft } = this.#options;
    if (!earlier || stat.type !== 'file') return false;
    const there = earlier.tree.lookup(`/${path}`);
    if (there?.stat.type !== 'file') return false;
    draft.shareFile(`/${path}`, { ...there, source: earlier.layer, layer: earlier.layer });
    return true;
  }

  async #bringFile(
    entry: ScannedEntry,
    { xattrs }: Pick<IndexRow, 'xattrs'>,
    old: IndexRow | undefined,
  ): Promise<string | undefined> {
    const content = openContent(entry);
    if (!content) return undefined;
    const target = this.#target(entry.path);
    const { draft, onBytes } = this.#options;
    if (content.kind === 'small') {
      const { bytes, digest } = content;
      onBytes(bytes.length);
      if (old && old.content === digest && sameMetadata(entry, old, xattrs) && this.#share(entry))
        return digest;
      const fd = fs.openSync(fsPath(target), 'wx', entry.stat.mode & 0o777);
      writeAll(fd, bytes);
      fs.closeSync(fd);
      draft.notes.addBytes(bytes.length);
      this.#finishEntry(target, entry, xattrs);
      return digest;
    }
    const fd = fs.openSync(fsPath(target), 'wx', entry.stat.mode & 0o777);
    try {
      return await readLarge(content.fd, draft.pacer, (bytes) => {
        writeAll(fd, bytes);
        draft.notes.addBytes(bytes.length);
        onBytes(bytes.length);
      });
    } finally {
      fs.closeSync(fd);
      fs.closeSync(content.fd);
      this.#finishEntry(target, entry, xattrs);
    }
  }

  /** Owner, xattrs, mode and times of a new entry; of a directory, times come last. */
  #finishEntry(target: string, { stat }: ScannedEntry, xattrs: IndexRow['xattrs']): void {
    const { type, mode, mtimeNs } = stat;
    if (this.#anySetgid) fs.lchownSync(fsPath(target), process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
    for (const [name, value] of xattrs) setXattrIfPossible(target, name, Buffer.from(value, 'base64'));
    if (type !== 'symlink') {
      if ((mode & 0o7000) !== 0 || this.#anySetgid) fs.chmodSync(fsPath(target), mode);
      else undoUmask(target, mode & 0o777);
    }
    if (type === 'dir') this.#anySetgid ||= (mode & 0o2000) !== 0;
    else setTimes(target, mtimeNs, mtimeNs);
  }
}

/** Mode, size and time of a signature are its first three words. */
function sameMetadata(entry: ScannedEntry, old: IndexRow, xattrs: IndexRow['xattrs']): boolean {
  const words = (signature: string) => signature.split(' ', 3).join(' ');
  return (
    words(entry.signature) === words(old.signature) && JSON.stringify(xattrs) === JSON.stringify(old.xattrs)
  );
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
}

/** BuildKit does not ask whether it worked either. */
function setXattrIfPossible(target: string, name: string, value: Uint8Array): void {
  try {
    setXattr(target, name, value);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

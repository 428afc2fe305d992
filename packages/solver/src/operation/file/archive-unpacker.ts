import fs from 'node:fs';
import { SolveFailure } from '@llb-ts/backend';
import type { ByteStream } from '../../archive/byte-source.ts';
import type { TarHeader } from '../../archive/tar-header.ts';
import type { TarEntry } from '../../archive/tar-reader.ts';
import { errnoOf, stepFailure } from '../../error/error.ts';
import type { Draft } from '../../layer/draft.ts';
import { isOverlayXattr } from '../../layer/whiteout.ts';
import { clean, cleanPath, fsPath, join, nameOf, parentOf, textOf } from '../../name/bytes.ts';
import { type Location, locate } from '../../tree/locate.ts';
import { pathFailure, reasonFor } from './failure.ts';
import { JailedDirectories } from './jailed-directories.ts';
import type { Owner } from './owner.ts';

export interface UnpackOptions {
  readonly draft: Draft;
  /** Resolved path of an existing directory. To the archive it is the root: no name, link or `..` leads out of it. */
  readonly root: string;
  /** Owner of everything, instead of the archive's. */
  readonly owner: Owner | undefined;
}

/** Content up to this is held in memory before it is written. */
const IN_MEMORY = 1 << 20;

/** Unpacks entries as `go-archive` does in a process whose root is the destination (`archive.go`). */
export class ArchiveUnpacker {
  readonly #options: UnpackOptions;
  readonly #directories: JailedDirectories;
  /** Directories that had a header, in order, for their times: what is put in them changes these. */
  readonly #headed: { readonly path: string; readonly header: TarHeader }[] = [];

  constructor(options: UnpackOptions) {
    this.#options = options;
    this.#directories = new JailedDirectories(options.draft, options.root);
  }

  /** Adds one entry, in place of whatever has its name; a directory joins one that is there. */
  async add({ header, body }: TarEntry): Promise<void> {
    if (header.type === 'global') return;
    const name = cleanPath(header.name);
    const shown = clean(`/${name}`);
    try {
      const parent = this.#directories.enter(parentOf(shown));
      if (typeof parent === 'object') throw entryFailure(header, shown, parent.code);
      const path = shown === '/' ? this.#options.root : join(parent, nameOf(shown));
      const there = this.#options.draft.lookup(path);
      if (there?.stat.type === 'dir' && name === '.') return;
      const joins = there?.stat.type === 'dir' && header.type === 'dir';
      if (there && !joins) this.#remove(path, shown);
      if (!joins) await this.#make(header, body, path, shown);
      this.#setAttributes(header, path, shown);
    } catch (error) {
      const code = errnoOf(error);
      throw error instanceof SolveFailure || code === undefined
        ? error
        : entryFailure(header, shown, code, error);
    }
    if (header.type === 'dir') this.#headed.push({ path: shown, header });
  }

  /** Sets the times of the directories. */
  finish(): void {
    const { draft, root } = this.#options;
    for (const { path, header } of this.#headed) {
      // The present file of that name, or the target if it is a link.
      const location = locate(draft, path, { follow: true, jail: root });
      if (location.kind !== 'found') throw pathFailure('chtimes', path, codeOf(location));
      setTimes(draft, location.path, header);
    }
  }

  #remove(path: string, shown: string): void {
    if (shown === '/') throw pathFailure('unlinkat', shown, 'EBUSY');
    this.#options.draft.remove(path);
    this.#directories.forget();
  }

  async #make(header: TarHeader, body: ByteStream, path: string, shown: string): Promise<void> {
    const { draft, root } = this.#options;
    switch (header.type) {
      case 'dir':
        draft.makeDirectory(path, header.mode & 0o777);
        return;
      case 'file':
        await writeContent(draft, path, header, body);
        return;
      case 'char':
      case 'block':
        // On an overlay, the device 0:0 would hide what lies below.
        if (header.type === 'char' && header.major === 0 && header.minor === 0) {
          throw entryFailure(header, shown, 'EPERM');
        }
        draft.makeNode(path, header.type, header.mode, header.major, header.minor);
        return;
      case 'fifo':
        draft.makeNode(path, 'fifo', header.mode, 0, 0);
        return;
      case 'symlink':
        if (header.linkname === '') throw entryFailure(header, shown, 'ENOENT');
        draft.makeSymlink(path, header.linkname);
        this.#directories.forget();
        return;
      case 'hardlink': {
        const target = clean(`/${header.linkname}`);
        const location = locate(draft, target, { follow: false, jail: root });
        if (location.kind !== 'found') throw entryFailure(header, shown, codeOf(location));
        if (location.entry.stat.type === 'dir') throw entryFailure(header, shown, 'EPERM');
        draft.makeHardlink(path, location.path);
        return;
      }
      default:
        throw stepFailure(`unhandled tar header type ${header.typeflag}`);
    }
  }

  #setAttributes(header: TarHeader, path: string, shown: string): void {
    const { draft, owner } = this.#options;
    draft.setOwner(path, owner?.uid ?? header.uid, owner?.gid ?? header.gid);
    for (const [name, value] of header.xattrs) setXattr(draft, { path, shown }, name, value);
    // A hard link to a link is one.
    const isLink =
      header.type === 'symlink' ||
      (header.type === 'hardlink' && draft.lookup(path)?.stat.type === 'symlink');
    if (!isLink) draft.setMode(path, header.mode);
    if (!isLink || header.type === 'symlink') setTimes(draft, path, header);
  }
}

function codeOf(location: Location): string {
  return location.kind === 'failed' ? location.code : 'ENOENT';
}

/** Why an entry cannot be made, in the words of the call that makes it; those for devices name no path. */
function entryFailure(header: TarHeader, shown: string, code: string, cause?: unknown): SolveFailure {
  switch (header.type) {
    case 'dir':
      return pathFailure('mkdir', shown, code, cause);
    case 'symlink':
      return pathFailure(`symlink ${textOf(header.linkname)}`, shown, code, cause);
    case 'hardlink':
      return pathFailure(`link ${textOf(clean(`/${header.linkname}`))}`, shown, code, cause);
    case 'char':
    case 'block':
    case 'fifo':
      return stepFailure(reasonFor(code), { cause });
    default:
      return pathFailure('open', shown, code, cause);
  }
}

async function writeContent(draft: Draft, path: string, header: TarHeader, body: ByteStream): Promise<void> {
  const parts: Uint8Array[] = [];
  let held = 0;
  let file: number | undefined;
  try {
    for await (const bytes of body) {
      if (file === undefined && held + bytes.length > IN_MEMORY) file = openNew(draft, path, parts);
      if (file === undefined) {
        parts.push(bytes);
        held += bytes.length;
      } else {
        writeAll(file, bytes);
      }
    }
    if (file === undefined) draft.writeFile(path, Buffer.concat(parts), header.mode & 0o777);
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** Makes the file with what is there of it, and opens it where the draft keeps it, for the rest. */
function openNew(draft: Draft, path: string, parts: readonly Uint8Array[]): number {
  draft.writeFile(path, Buffer.concat(parts), 0o600);
  return fs.openSync(fsPath(draft.lookup(path)!.hostPath), 'a');
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += fs.writeSync(file, bytes, written);
}

/** A path in the draft, and as the archive has it. */
interface Place {
  readonly path: string;
  readonly shown: string;
}

/**
 * Skips attributes that the filesystem or this user cannot set, and marks of overlayfs, which must not come from outside.
 */
function setXattr(draft: Draft, { path, shown }: Place, name: string, value: Uint8Array): void {
  if (isOverlayXattr(name)) return;
  try {
    draft.setXattr(path, name, value);
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    // Node's name for EOPNOTSUPP.
    if (code === 'EPERM' || code === 'ENOTSUP') return;
    throw stepFailure(
      `lsetxattr ${textOf(shown)}: xattr ${JSON.stringify(textOf(name))}: ${reasonFor(code)}`,
      {
        cause: error,
      },
    );
  }
}

/** Latest time that fits into 64 bits of nanoseconds. */
const MAX_TIME = (1n << 63n) - 1n;

function setTimes(draft: Draft, path: string, { mtimeNs, atimeNs }: TarHeader): void {
  const accessed = atimeNs !== undefined && atimeNs > mtimeNs ? atimeNs : mtimeNs;
  draft.setTimes(path, within(accessed), within(mtimeNs));
}

/** Times before 1970 or beyond what can be written become 1970. */
function within(time: bigint): bigint {
  return time < 0n || time > MAX_TIME ? 0n : time;
}

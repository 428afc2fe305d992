import fs from 'node:fs';
import type { ByteStream } from '../archive/byte-source.ts';
import type { TarHeader } from '../archive/tar-header.ts';
import { errnoOf, stepFailure } from '../error/error.ts';
import { lstat, removeTree } from '../host/files.ts';
import { isInUserNamespace } from '../host/in-user-namespace.ts';
import { mknod, setTimes, setXattr } from '../host/syscalls.ts';
import { isOverlayXattr } from '../layer/whiteout.ts';
import { clean, fsPath, textOf } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';
import type { ModelEntry, UnpackModel } from './unpack-model.ts';
import { splitName } from './unpack-name.ts';

export interface Times {
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
}

const MAX_TIME = (1n << 63n) - 1n;

/** A time that no file can have becomes 1970, and nothing was read before it was written (containerd `boundTime`). */
export function timesOf({ atimeNs, mtimeNs }: TarHeader): Times {
  const latest = atimeNs !== undefined && atimeNs > mtimeNs ? atimeNs : mtimeNs;
  return { atimeNs: boundTime(latest), mtimeNs: boundTime(mtimeNs) };
}

function boundTime(ns: bigint): bigint {
  return ns < 0n || ns > MAX_TIME ? 0n : ns;
}

/** How many bytes the files of a layer may have together. */
export interface UnpackLimit {
  readonly bytes: number;
  /** Why unpacking stops. */
  readonly exceeded: () => Error;
}

/** Makes the entries of a layer in its folder, and keeps the model true to it. */
export class UnpackWriter {
  /** Bytes of the files that are there. */
  bytes = 0;
  /** Of each hard link that was made. */
  readonly links: EntryStat[] = [];
  readonly #root: string;
  readonly #model: UnpackModel;
  readonly #limit: UnpackLimit | undefined;
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #gid = process.getegid?.() ?? 0;
  /** A directory with this bit hands its group down, so that owners have to be set. */
  #anySetgid = false;

  constructor(root: string, model: UnpackModel, limit: UnpackLimit | undefined) {
    this.#root = root;
    this.#model = model;
    this.#limit = limit;
  }

  hostPath(path: string): string {
    return path === '/' ? this.#root : this.#root + path;
  }

  /** Makes a directory that no entry describes; returns where it is. */
  makeParent(path: string): string {
    const hostPath = this.hostPath(path);
    fs.mkdirSync(fsPath(hostPath), 0o755);
    fs.chmodSync(fsPath(hostPath), 0o755);
    this.#model.set(path, { kind: 'dir' });
    return hostPath;
  }

  makeWhiteout(path: string): void {
    mknod(this.hostPath(path), 'char', 0, 0, 0);
    this.#model.set(path, { kind: 'whiteout' });
  }

  /** Removes a path with all below; `gone` is told every path. */
  remove(path: string, gone: (path: string) => void): void {
    const removed = this.#model.remove(path);
    if (removed.length === 0) return;
    removeTree(this.hostPath(path));
    for (const [one, entry] of removed) {
      if (entry.kind === 'file') this.bytes -= entry.size;
      gone(one);
    }
  }

  setTimes(path: string, { atimeNs, mtimeNs }: Times): void {
    if (!this.#model.get(path)) {
      throw stepFailure(`failed call to UtimesNanoAt for ${textOf(path)}: no such file or directory`);
    }
    setTimes(this.hostPath(path), atimeNs, mtimeNs);
  }

  /** Makes one entry where nothing is, or for a directory, a directory. */
  async create(path: string, header: TarHeader, body: ByteStream): Promise<void> {
    const entry = await this.#make(path, header, body);
    if (!entry) return;
    this.#model.set(path, entry);
    if (entry.kind === 'file') this.bytes += entry.size;
    this.#applyMetadata(path, entry, header);
  }

  /** Undefined for an entry that leaves nothing behind. */
  async #make(path: string, header: TarHeader, body: ByteStream): Promise<ModelEntry | undefined> {
    const hostPath = this.hostPath(path);
    switch (header.type) {
      case 'dir':
        if (!this.#model.isDirectory(path)) fs.mkdirSync(fsPath(hostPath), header.mode & 0o777);
        return { kind: 'dir' };
      case 'file':
        // A size in the header that exceeds the limit fails at once; content is counted too, as headers may state less.
        this.#keepWithin(header.size);
        return { kind: 'file', size: await this.#writeFile(hostPath, header.mode & 0o777, body) };
      case 'symlink':
        this.#symlink(path, hostPath, header.linkname);
        return { kind: 'symlink', target: header.linkname };
      case 'hardlink':
        return this.#link(path, hostPath, header.linkname);
      case 'char':
      case 'block':
        // Nobody may make devices there; containerd passes over them too.
        if (isInUserNamespace()) return undefined;
        mknod(hostPath, header.type, header.mode & 0o7777, header.major, header.minor);
        return isWhiteoutDevice(header) ? { kind: 'whiteout' } : { kind: 'node' };
      case 'fifo':
        mknod(hostPath, 'fifo', header.mode & 0o7777);
        return { kind: 'node' };
      case 'global':
        return undefined;
      case 'other':
        throw stepFailure(`unhandled tar header type ${header.typeflag}`);
    }
  }

  async #writeFile(hostPath: string, mode: number, body: ByteStream): Promise<number> {
    const fd = fs.openSync(fsPath(hostPath), 'wx', mode);
    let size = 0;
    try {
      for await (const chunk of body) {
        for (let at = 0; at < chunk.length; ) at += fs.writeSync(fd, chunk, at);
        size += chunk.length;
        this.#keepWithin(size);
      }
    } finally {
      fs.closeSync(fd);
    }
    return size;
  }

  #keepWithin(more: number): void {
    if (this.#limit && this.bytes + more > this.#limit.bytes) throw this.#limit.exceeded();
  }

  #symlink(path: string, hostPath: string, target: string): void {
    try {
      fs.symlinkSync(fsPath(target), fsPath(hostPath));
    } catch (error) {
      const code = errnoOf(error);
      // An empty target, or one that is too long.
      const reason =
        code === 'ENOENT' ? 'no such file or directory' : code === 'ENAMETOOLONG' ? 'file name too long' : '';
      if (reason === '') throw error;
      throw stepFailure(`symlink ${textOf(target)} ${textOf(path)}: ${reason}`, { cause: error });
    }
  }

  /** To the link, not to what it points at; only to what this layer brought itself. */
  #link(path: string, hostPath: string, linkname: string): ModelEntry {
    const { directory, base } = splitName(linkname);
    const target = clean(`${this.#model.resolve(directory)}/${base}`);
    const entry = this.#model.get(target);
    if (!entry || entry.kind === 'dir') {
      const reason = entry ? 'operation not permitted' : 'no such file or directory';
      throw stepFailure(`link ${textOf(target)} ${textOf(path)}: ${reason}`);
    }
    fs.linkSync(fsPath(this.hostPath(target)), fsPath(hostPath));
    this.links.push(lstat(hostPath)!);
    return entry.kind === 'file' ? { kind: 'file', size: 0 } : entry;
  }

  /** Owner, xattrs, mode, times: in this order none undoes another. A hard link changes what it links to as well. */
  #applyMetadata(path: string, entry: ModelEntry, header: TarHeader): void {
    const hostPath = this.hostPath(path);
    const { uid, gid, mode } = header;
    const chown =
      this.#anySetgid ||
      uid !== this.#uid ||
      gid !== this.#gid ||
      header.type === 'hardlink' ||
      header.type === 'dir';
    if (chown) fs.lchownSync(fsPath(hostPath), uid, gid);
    for (const [name, value] of header.xattrs) this.#setXattr(path, entry, name, value);
    if (entry.kind !== 'symlink') {
      const masked = (mode & process.umask()) !== 0 || (mode & 0o7000) !== 0;
      if (masked || header.type === 'hardlink' || header.type === 'dir') fs.chmodSync(fsPath(hostPath), mode);
      if (header.type === 'dir' && (mode & 0o2000) !== 0) this.#anySetgid = true;
    }
    const { atimeNs, mtimeNs } = timesOf(header);
    setTimes(hostPath, atimeNs, mtimeNs);
  }

  #setXattr(path: string, entry: ModelEntry, name: string, value: Uint8Array): void {
    // These belong to the machine's administrator; containerd passes over them.
    if (name.startsWith('trusted.') || isOverlayXattr(name)) return;
    try {
      setXattr(this.hostPath(path), name, value);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOTSUP') return;
      const plain = entry.kind === 'file' || entry.kind === 'dir';
      if (code === 'EPERM' && name.startsWith('user.') && !plain) return;
      throw stepFailure(`failed to setxattr "${textOf(path)}" for key "${textOf(name)}": ${code}`, {
        cause: error,
      });
    }
  }
}

function isWhiteoutDevice({ type, major, minor }: TarHeader): boolean {
  return type === 'char' && major === 0 && minor === 0;
}

/**
 * A layer folder as the tar that BuildKit makes of the same layer, byte for byte, so that diff IDs agree (docs/buildkit-semantics.md#layers-as-archives,
 * containerd `pkg/archive` ChangeWriter): entries in byte order with a directory before its content, whiteouts as empty
 * files `.wh.NAME`, times cut to seconds, of extended attributes only `security.capability`, no sockets.
 */

import { clampTarHeader } from '../archive/tar-writer-clamp.ts';
import { SECOND, wholeSeconds } from '../archive/tar-writer-format.ts';
import { type NewTarHeader, TAR_TYPE, XATTR_RECORD } from '../archive/tar-writer-header.ts';
import { type ByteSink, TarWriter } from '../archive/tar-writer-stream.ts';
import { lstat, readdir, readlink } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { getXattr } from '../host/syscalls.ts';
import { isWhiteout } from '../layer/whiteout.ts';
import { compareBytes } from '../name/bytes.ts';
import type { EntryStat } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';
import type { PackExtra, PackExtras } from './pack-extras.ts';

export interface PackOptions {
  /** Later modification times become this one (nanoseconds since 1970), as `rewrite-timestamp` does. Default: they stay. */
  readonly latestNs?: bigint;
  /** The layer as it was written, which knows the names of one pipe: they are parted where it moves. Default: `folder`. */
  readonly written?: Tree;
  /** Names that are in the archive without being in the folder. Default: none. */
  readonly extras?: PackExtras;
}

const CAPABILITY = 'security.capability';

/**
 * @param folder byte string: a layer in its movable form. Every directory in it is a change or leads to one.
 * @param pacer asked now and then
 */
export async function packLayer(
  folder: string,
  sink: ByteSink,
  options: PackOptions,
  pacer: Pacer,
): Promise<void> {
  const packer = new LayerPacker(folder, sink, options);
  const pending = packer.childrenOf('');
  let steps = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (++steps % 256 === 0) await pacer.pause();
    if (await packer.add(name)) pending.push(...packer.childrenOf(`${name}/`));
  }
  await packer.end();
}

class LayerPacker {
  readonly #folder: string;
  readonly #options: PackOptions;
  readonly #tar: TarWriter;
  /** Inode → the name that was written of it. */
  readonly #links = new Map<string, string>();
  /** Inode → unchanged names of it that came before the one that was written. */
  readonly #waiting = new Map<string, string[]>();
  /** Directory with a slash at its end → extra names in it. */
  readonly #extraChildren = new Map<string, string[]>();
  readonly #writtenParents = new Set<string>();

  constructor(folder: string, sink: ByteSink, options: PackOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#tar = new TarWriter(sink);
    for (const path of options.extras?.keys() ?? []) {
      const parent = path.slice(1, path.lastIndexOf('/') + 1);
      const others = this.#extraChildren.get(parent);
      if (others) others.push(path.slice(1));
      else this.#extraChildren.set(parent, [path.slice(1)]);
    }
  }

  /** Names below a directory, last one first. */
  childrenOf(prefix: string): string[] {
    const isExtra = prefix !== '' && this.#extra(prefix.slice(0, -1)) !== undefined;
    const names = isExtra ? [] : readdir(`${this.#folder}/${prefix}`).map((name) => prefix + name);
    const extra = this.#extraChildren.get(prefix);
    return (extra ? [...names, ...extra].sort(compareBytes) : names).reverse();
  }

  /** Writes a name, if it is to be written; tells whether it is a directory. */
  async add(name: string): Promise<boolean> {
    const extra = this.#extra(name);
    if (extra) return this.#addExtra(name, extra);
    const hostPath = `${this.#folder}/${name}`;
    const stat = lstat(hostPath);
    if (!stat || stat.type === 'socket') return false;
    if (isWhiteout(stat)) {
      await this.#write(whiteoutHeader(name));
      return false;
    }
    const known = this.#inodeOf(name, stat);
    const header = entryHeader(name, hostPath, known, this.#links);
    await this.#write(header, hostPath);
    if (header.type !== TAR_TYPE.link && stat.type !== 'dir') await this.#writeWaiting(known, header);
    return stat.type === 'dir';
  }

  async end(): Promise<void> {
    await this.#tar.end();
  }

  async #addExtra(name: string, extra: PackExtra): Promise<boolean> {
    if (extra.kind === 'whiteout') {
      await this.#writeParents(name);
      await this.#write(whiteoutHeader(name));
      return false;
    }
    const { stat, hostPath } = extra.entry;
    if (stat.type === 'dir') return true;
    const inode = `${stat.dev}:${stat.ino}`;
    if (this.#links.has(inode)) {
      await this.#writeParents(name);
      await this.#write(entryHeader(name, hostPath, stat, this.#links));
    } else {
      this.#waiting.set(inode, [...(this.#waiting.get(inode) ?? []), name]);
    }
    return false;
  }

  async #writeWaiting({ dev, ino }: EntryStat, header: NewTarHeader): Promise<void> {
    const inode = `${dev}:${ino}`;
    for (const name of this.#waiting.get(inode) ?? []) {
      await this.#writeParents(name);
      await this.#write({ ...header, type: TAR_TYPE.link, name, linkname: header.name, size: 0 });
    }
    this.#waiting.delete(inode);
  }

  /** Directories that are there only for the sake of extra names come with the first of these. */
  async #writeParents(name: string): Promise<void> {
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
      const parent = name.slice(0, at);
      const extra = this.#extra(parent);
      if (extra?.kind !== 'unchanged' || this.#writtenParents.has(parent)) continue;
      this.#writtenParents.add(parent);
      await this.#write(entryHeader(parent, extra.entry.hostPath, extra.entry.stat, this.#links));
    }
  }

  async #write(header: NewTarHeader, hostPath?: string): Promise<void> {
    const { latestNs } = this.#options;
    const written = latestNs === undefined ? header : clampTarHeader(header, latestNs);
    await this.#tar.entry(written, written.type === TAR_TYPE.file ? hostPath : undefined);
  }

  #extra(name: string): PackExtra | undefined {
    return this.#options.extras?.get(`/${name}`);
  }

  #inodeOf(name: string, stat: EntryStat): EntryStat {
    return (stat.type === 'fifo' && this.#options.written?.lookup(`/${name}`)?.stat) || stat;
  }
}

function whiteoutHeader(name: string): NewTarHeader {
  const cut = name.lastIndexOf('/') + 1;
  return {
    type: TAR_TYPE.file,
    name: `${name.slice(0, cut)}.wh.${name.slice(cut)}`,
    size: 0,
    mode: 0,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    format: 'any',
  };
}

function entryHeader(
  name: string,
  hostPath: string,
  stat: EntryStat,
  links: Map<string, string>,
): NewTarHeader {
  const { type, mode, uid, gid, size, major, minor, mtimeNs } = stat;
  const first = linkTo(name, stat, links);
  const capability = getXattr(hostPath, CAPABILITY);
  const linkname = first ?? (type === 'symlink' ? readlink(hostPath) : undefined);
  return {
    type: first === undefined ? TAR_TYPE[typeOf(stat)] : TAR_TYPE.link,
    name: type === 'dir' ? `${name}/` : name,
    ...(linkname !== undefined && { linkname }),
    size: type === 'file' && first === undefined ? size : 0,
    mode,
    uid,
    gid,
    major,
    minor,
    mtimeNs: wholeSeconds(mtimeNs) * SECOND,
    ...(capability?.length && { pax: new Map([[XATTR_RECORD + CAPABILITY, capability.toString('latin1')]]) }),
    format: 'pax',
  };
}

/** The first name of a file that has several in this layer; symlinks can have several too. */
function linkTo(name: string, { nlink, type, dev, ino }: EntryStat, links: Map<string, string>) {
  if (nlink < 2 || type === 'dir') return undefined;
  const inode = `${dev}:${ino}`;
  const first = links.get(inode);
  if (first === undefined) links.set(inode, name);
  return first;
}

function typeOf({ type }: EntryStat): Exclude<EntryStat['type'], 'socket'> {
  if (type === 'socket') throw new Error('Internal error: a socket has no place in a layer');
  return type;
}

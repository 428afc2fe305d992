/**
 * A layer folder as the tar that BuildKit makes of the same layer, byte for byte, so that diff IDs agree (docs/buildkit-semantics.md#layers-as-archives,
 * containerd `pkg/archive` ChangeWriter): entries in byte order with a directory before its content, whiteouts as empty
 * files `.wh.NAME`, times cut to seconds, of extended attributes only `security.capability`, no sockets.
 */

import { clampTarHeader } from '../archive/tar-writer-clamp.ts';
import { TAR_TYPE, type TarHeader, XATTR_RECORD } from '../archive/tar-writer-header.ts';
import { type ByteSink, TarWriter } from '../archive/tar-writer-stream.ts';
import { lstat, readdir, readlink } from '../host/files.ts';
import { getXattr } from '../host/syscalls.ts';
import { isWhiteout } from '../layer/whiteout.ts';
import type { EntryStat } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';

export interface PackOptions {
  /** Later modification times become this one (nanoseconds since 1970), as `rewrite-timestamp` does. Default: they stay. */
  readonly latestNs?: bigint;
  /** The layer as it was written, which knows the names of one pipe: they are parted where it moves. Default: `folder`. */
  readonly written?: Tree;
}

const CAPABILITY = 'security.capability';

/**
 * @param folder byte string: a layer in its movable form. Every directory in it is a change or leads to one.
 * @param pause awaited now and then
 */
export async function packLayer(
  folder: string,
  sink: ByteSink,
  { latestNs, written }: PackOptions,
  pause: () => Promise<void>,
): Promise<void> {
  const tar = new TarWriter(sink);
  const links = new Map<string, string>();
  const pending = childrenOf(folder, '');
  let steps = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (++steps % 256 === 0) await pause();
    const hostPath = `${folder}/${name}`;
    const stat = lstat(hostPath);
    if (!stat || stat.type === 'socket') continue;
    const header = isWhiteout(stat)
      ? whiteoutHeader(name)
      : entryHeader(name, hostPath, inodeOf(name, stat), links);
    const written = latestNs === undefined ? header : clampTarHeader(header, latestNs);
    await tar.entry(written, written.type === TAR_TYPE.file ? hostPath : undefined);
    if (stat.type === 'dir') pending.push(...childrenOf(folder, `${name}/`));
  }
  await tar.end();

  function inodeOf(name: string, stat: EntryStat): EntryStat {
    return (stat.type === 'fifo' && written?.lookup(`/${name}`)?.stat) || stat;
  }
}

/** Names below a directory, last one first. */
function childrenOf(folder: string, prefix: string): string[] {
  return readdir(`${folder}/${prefix}`)
    .map((name) => prefix + name)
    .reverse();
}

function whiteoutHeader(name: string): TarHeader {
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

function entryHeader(name: string, hostPath: string, stat: EntryStat, links: Map<string, string>): TarHeader {
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
    mtimeNs: wholeSeconds(mtimeNs),
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

/** Cut towards the past, also before 1970. */
function wholeSeconds(ns: bigint): bigint {
  const rest = ns % 1_000_000_000n;
  return ns - (rest < 0n ? rest + 1_000_000_000n : rest);
}

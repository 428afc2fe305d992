/**
 * Entries that do not lie over each other as folders of a chain do, when BuildKit applies one moved layer to another
 * (`snapshot/diffapply_linux.go`): attributes of directories add up, and block devices and sockets are not replaced by a
 * directory, or replace one, since the type of each has a directory's bit.
 */

import { readdirDirectoryBits } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { listXattrs } from '../host/syscalls.ts';
import { join } from '../name/bytes.ts';
import { type Fields, isTexts } from '../store/records.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { isOverlayXattr } from './whiteout.ts';

/** Paths (byte strings). */
export interface OddEntries {
  readonly blocksAndSockets: readonly string[];
  /** Directories with extended attributes. */
  readonly attributed: readonly string[];
}

/** Set by the kernel on everything, where it sets it. */
const LABEL = 'security.selinux';

export async function findOddEntries(folder: string, pacer: Pacer): Promise<OddEntries> {
  const found = { blocksAndSockets: [] as string[], attributed: [] as string[] };
  const pending = ['/'];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    await pacer.pause();
    const hostPath = path === '/' ? folder : folder + path;
    if (path !== '/' && listXattrs(hostPath).some((name) => !isOverlayXattr(name) && name !== LABEL))
      found.attributed.push(path);
    const { directories, blocksAndSockets } = readdirDirectoryBits(hostPath);
    for (const name of blocksAndSockets) found.blocksAndSockets.push(join(path, name));
    for (const name of directories) pending.push(join(path, name));
  }
  return found;
}

export function parseOddEntries({ blocksAndSockets, attributed }: Fields): OddEntries | undefined {
  return isTexts(blocksAndSockets) && isTexts(attributed) ? { blocksAndSockets, attributed } : undefined;
}

/**
 * True if odd entries of these layers meet others of them.
 * @param layers in the order in which they are applied; the folder is that of the movable form
 */
export function oddEntriesMeet(
  layers: readonly { readonly folder: string; readonly odd: OddEntries }[],
): boolean {
  // Most layers have none: of thousands, each pair would otherwise be looked at.
  const odd = layers.flatMap((layer, at) => (hasOddEntries(layer.odd) ? [{ ...layer.odd, at }] : []));
  if (odd.length === 0) return false;
  const trees = layers.map(({ folder }) => new FolderTree(folder, { isFixed: true }));
  const typeIn = (tree: FolderTree, path: string) => tree.lookup(path)?.stat.type;
  return odd.some(({ blocksAndSockets, attributed, at }) => {
    const others = trees.filter((_, i) => i !== at);
    const later = trees.slice(at + 1);
    return (
      blocksAndSockets.some((path) =>
        others.some((tree) => ['dir', 'block', 'socket'].includes(typeIn(tree, path) ?? '')),
      ) || attributed.some((path) => later.some((tree) => typeIn(tree, path) === 'dir'))
    );
  });
}

function hasOddEntries({ blocksAndSockets, attributed }: OddEntries): boolean {
  return blocksAndSockets.length > 0 || attributed.length > 0;
}

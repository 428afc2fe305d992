/**
 * Names that BuildKit's layers have beyond what changed: the differ tells of more than the folder of a layer holds, and all that
 * it tells of is written into the archive.
 */
import type { Pacer } from '../host/pacer.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { isUserOpaque } from '../layer/whiteout.ts';
import { join, parentOf } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import type { Tree } from '../tree/tree.ts';
import { walkBelow } from '../tree/walk.ts';

/**
 * `unchanged`: a name that did not change, written only if it is a name of a file that did; or a directory, written only if
 * something in it is. `whiteout`: the name is gone.
 */
export type PackExtra = { readonly kind: 'unchanged'; readonly entry: Entry } | { readonly kind: 'whiteout' };

/** By path. */
export type PackExtras = ReadonlyMap<string, PackExtra>;

/**
 * The names in the upper of a diff that belong to files of which other names changed (continuity `fs/diff.go`: entries with
 * several links are told of though they are the same).
 * @param folder the computed layer
 */
export async function unchangedNames(folder: string, upper: Tree, pacer: Pacer): Promise<PackExtras> {
  const changed = new FolderTree(folder, { isFixed: true });
  const inodes = new Set<string>();
  let steps = 0;
  for (const { path, entry: computed } of walkBelow(changed, '/')) {
    if (++steps % 256 === 0) await pacer.pause();
    const entry = upper.lookup(path);
    if (entry && mayHaveOtherNames(entry, computed)) inodes.add(inodeOf(entry));
  }
  const extras = new Map<string, PackExtra>();
  if (inodes.size === 0) return extras;
  for (const { path, entry } of walkBelow(upper, '/')) {
    if (++steps % 256 === 0) await pacer.pause();
    if (entry.stat.nlink === 1 || !inodes.has(inodeOf(entry)) || changed.lookup(path)) continue;
    extras.set(path, { kind: 'unchanged', entry });
    addParents(extras, path, changed, upper);
  }
  return extras;
}

/**
 * The entries that the differ takes for deleted in directories that a step has marked with an overlay attribute of users
 * ({@link isUserOpaque}): all that the base has and the layer has not.
 */
export async function namesTakenForHidden(
  layers: LayerStore,
  id: string,
  base: Tree,
  pacer: Pacer,
): Promise<PackExtras> {
  const own = new FolderTree(layers.path(id, 'own'), { isFixed: true });
  const movable = new FolderTree(layers.path(id, 'movable'), { isFixed: true });
  const extras = new Map<string, PackExtra>();
  let steps = 0;
  for (const { path, entry } of walkBelow(own, '/')) {
    if (++steps % 256 === 0) await pacer.pause();
    if (entry.stat.type === 'dir' && isUserOpaque(entry.hostPath)) hide(path);
  }
  return extras;

  function hide(path: string): void {
    for (const name of base.list(path)) {
      const child = join(path, name);
      const entry = own.lookup(child);
      if (entry?.stat.type === 'dir') hide(child);
      if (entry) continue;
      extras.set(child, { kind: 'whiteout' });
      addParents(extras, child, movable, own);
    }
  }
}

/** Directories that lead to an extra name and are not in the layer themselves. */
function addParents(extras: Map<string, PackExtra>, path: string, layer: Tree, tree: Tree): void {
  for (let above = parentOf(path); above !== '/'; above = parentOf(above)) {
    if (extras.has(above) || layer.lookup(above)) return;
    extras.set(above, { kind: 'unchanged', entry: tree.lookup(above)! });
  }
}

/**
 * A file has a name in the layer that it comes from and one in the computed layer, where its links are counted: those that the
 * tree remembers may be older. Pipes are made anew.
 */
function mayHaveOtherNames({ stat }: Entry, computed: Entry): boolean {
  if (stat.type === 'dir') return false;
  return stat.type === 'fifo' ? stat.nlink > 1 : computed.stat.nlink > 2;
}

function inodeOf({ stat: { dev, ino }, source }: Entry): string {
  return `${dev}:${ino} ${source}`;
}

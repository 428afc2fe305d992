import type { LayerStore } from '../layer/layer-store.ts';
import type { ChainFolder } from './chain-tree.ts';

/**
 * Sets the owner of the inodes of each folder of a chain. A computed diff links its files from the layers that it
 * compared, and as in BuildKit such a link stays one: a name in the diff and a name in the layer can be hard links of one
 * file. A copied file only borrows the inode, so layers that share by copying are never of one hard-link group.
 */
export function withInodeOwners(folders: readonly ChainFolder[], store: LayerStore): readonly ChainFolder[] {
  const linking = folders.filter(({ id }) => store.record(id).linkedFrom.length > 0);
  if (linking.length === 0) return folders;
  const groups = new Map<string, Set<string>>();
  const groupOf = (id: string) => groups.get(id) ?? new Set([id]);
  for (const { id } of linking) {
    for (const origin of store.record(id).linkedFrom) {
      const [mine, theirs] = [groupOf(id), groupOf(origin)];
      if (mine === theirs || shareByCopying(mine, theirs, store)) continue;
      const joined = new Set([...mine, ...theirs]);
      for (const member of joined) groups.set(member, joined);
    }
  }
  return folders.map((folder) => ({ ...folder, source: [...groupOf(folder.id)].sort()[0]! }));
}

function shareByCopying(a: ReadonlySet<string>, b: ReadonlySet<string>, store: LayerStore): boolean {
  const sharers = (id: string) => (store.has(id) ? store.record(id).sharedWith : []);
  return (
    [...a].some((id) => sharers(id).some((other) => b.has(other))) ||
    [...b].some((id) => sharers(id).some((other) => a.has(other)))
  );
}

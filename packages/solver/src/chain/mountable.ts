import { createHash } from 'node:crypto';
import type { Pacer } from '../host/pacer.ts';
import { copyFolder } from '../layer/copy-folder.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { type ChainFolder, ChainTree } from './chain-tree.ts';
import { computeDiff } from './compute-diff.ts';

/** As many lower folders as overlayfs takes in one mount. */
const MOST_FOLDERS = 500;
/** Layers are squashed by so many at a time, so that the next longer chain finds the same squashed layer. */
const SQUASH_STEP = 400;

/**
 * Folders that give a process the same tree as `folders` (lowest → highest), and that the kernel can mount:
 *
 * - A layer that shares inodes with another one of the chain is replaced by a copy of its own, since a process could see
 *   that two names have one inode number.
 * - Of more folders than one mount takes, the lowest are squashed into one layer, which is kept.
 */
export async function mountableFolders(
  store: LayerStore,
  folders: readonly ChainFolder[],
  pacer: Pacer,
): Promise<readonly ChainFolder[]> {
  const chain = new Set(folders.map(({ id }) => id));
  const separate: ChainFolder[] = [];
  for (const folder of folders) {
    const shares = store.record(folder.id).sharedWith.some((id) => chain.has(id));
    separate.push(shares ? await unshared(store, folder, pacer) : folder);
  }
  if (separate.length <= MOST_FOLDERS) return separate;
  const count = Math.floor((separate.length - 1) / SQUASH_STEP) * SQUASH_STEP;
  return [await squashed(store, separate.slice(0, count), pacer), ...separate.slice(count)];
}

async function unshared(store: LayerStore, folder: ChainFolder, pacer: Pacer): Promise<ChainFolder> {
  const id = `unshared-${nameFor([folder])}`;
  if (!store.has(id)) {
    const { bytes, whiteoutHolders } = store.record(folder.id);
    const stage = store.stage();
    const copy = { stage, folder: `${stage}/own` };
    await copyFolder(folder.path, copy.folder, { files: 'copy', pacer });
    store.adopt(copy, id, { bytes, whiteoutHolders, linkedFrom: [] });
  }
  return { id, path: store.path(id, 'own') };
}

async function squashed(
  store: LayerStore,
  folders: readonly ChainFolder[],
  pacer: Pacer,
): Promise<ChainFolder> {
  const id = `squashed-${nameFor(folders)}`;
  if (!store.has(id)) {
    const staged = store.stageLayer();
    const empty = new ChainTree([{ id: 'scratch', path: store.emptyPath }]);
    store.adopt(
      staged,
      id,
      await computeDiff({ lower: empty, upper: new ChainTree(folders) }, staged.folder, { pacer }),
    );
  }
  return { id, path: store.path(id, 'own') };
}

/** A name for what is made of these folders, in this order. */
export function nameFor(folders: readonly ChainFolder[]): string {
  const hash = createHash('sha256');
  for (const { path } of folders) hash.update(`${path}\0`);
  return hash.digest('hex').slice(0, 32);
}

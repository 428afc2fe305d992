import { stepFailure } from '../error.ts';
import { lstat, readdir } from '../host/files.ts';
import { join } from '../tree/bytes.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { resolve } from '../tree/resolve.ts';
import type { LayerStore } from './layer-store.ts';
import { layerIdOf } from './piece.ts';
import type { ViewPart } from './ref.ts';
import { isWhiteout } from './whiteout.ts';

/**
 * Fails where BuildKit cannot build a merge: it applies a deletion by looking for the name in each layer that stands in
 * place, from the highest down, and gives up when a file is where the path has a directory
 * (`snapshot/diffapply_linux.go`). A chain of folders has no such trouble, but a definition must not solve here and fail
 * there. Layers without nested deletions cost nothing.
 *
 * @param parts of a merge or diff, lowest → highest
 */
export function checkDeletions(parts: readonly ViewPart[], store: LayerStore): void {
  const standing = parts
    .filter(({ form }) => form === 'own')
    .map(({ piece }) => new FolderTree(store.path(layerIdOf(piece), 'own')))
    .reverse();
  if (standing.length === 0) return;
  for (const { piece, form } of parts) {
    if (form === 'own') continue;
    const id = layerIdOf(piece);
    const folder = store.path(id, 'movable');
    for (const holder of store.record(id).whiteoutHolders) {
      // A name in the root, or in a directory of the root, has nothing on its way that could be a file.
      if (holder.lastIndexOf('/') === 0) continue;
      for (const name of readdir(folder + holder)) {
        const stat = lstat(`${folder}${holder}/${name}`);
        if (stat && isWhiteout(stat)) lookFor(join(holder, name), holder, standing);
      }
    }
  }
}

function lookFor(path: string, holder: string, standing: readonly FolderTree[]): void {
  for (const lower of standing) {
    let parent: string;
    try {
      parent = resolve(lower, holder);
    } catch (cause) {
      throw stepFailure(`failed to delete during apply: ${(cause as Error).message}`, {
        cause,
        hint: `a layer deletes ${path}, but below it a file is where the path has a directory`,
      });
    }
    if (lower.lookup(join(parent, path.slice(path.lastIndexOf('/') + 1)))) return;
  }
}

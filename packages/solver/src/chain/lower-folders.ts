import { stepFailure } from '../error/error.ts';
import { join, nameOf, parentOf } from '../name/bytes.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { resolve } from '../tree/resolve.ts';

/** The folders that a merge is applied on, each for itself: a deletion is looked for in all, hidden there or not. */
export class LowerFolders {
  /** Highest → lowest. */
  readonly #folders: readonly FolderTree[];

  /** @param folders lowest → highest */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map((path) => new FolderTree(path, { isFixed: true })).reverse();
  }

  /** True if one of them has the name. Fails where a file is on the way to it. */
  has(path: string): boolean {
    return this.#folders.some((folder) => {
      let parent: string;
      try {
        parent = resolve(folder, parentOf(path));
      } catch (cause) {
        throw stepFailure(`failed to delete during apply: ${(cause as Error).message}`, {
          cause,
          hint: `a layer deletes ${path}, and in a layer below a file is on the way to it`,
        });
      }
      return folder.lookup(join(parent, nameOf(path))) !== undefined;
    });
  }
}

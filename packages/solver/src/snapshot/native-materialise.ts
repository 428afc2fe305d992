import { ChainTree } from '../chain/chain-tree.ts';
import { lstat } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { copyEntry, copyMetadata } from '../layer/replicate-entry.ts';
import { join } from '../name/bytes.ts';

/** The state of a copied entry when it was made: any change of an inode moves its change time. */
export interface Original {
  readonly ino: bigint;
  readonly ctimeNs: bigint;
  readonly isDirectory: boolean;
}

/** The entries of a copied tree by path (byte strings). */
export type Originals = ReadonlyMap<string, Original>;

/**
 * Copies the tree of `folders` (lowest → highest) into the existing folder `target`. Hard links become files of their own:
 * an overlay too parts them when a process writes into one of the names, and here they could not be parted then.
 */
export async function materialise(
  folders: readonly string[],
  target: string,
  pacer: Pacer,
): Promise<Originals> {
  const tree = new ChainTree(folders.map((path) => ({ id: path, path })));
  const made: string[] = [];
  await fill('/');
  // Times are still moving while the tree is made.
  const originals = new Map<string, Original>();
  for (const path of made) {
    await pacer.pause();
    const { ino, ctimeNs, type } = lstat(target + path)!;
    originals.set(path, { ino, ctimeNs, isDirectory: type === 'dir' });
  }
  return originals;

  async function fill(directory: string): Promise<void> {
    for (const name of tree.list(directory)) {
      await pacer.pause();
      const path = join(directory, name);
      const entry = tree.lookup(path);
      if (!entry) continue;
      copyEntry(entry, target + path);
      made.push(path);
      if (entry.stat.type === 'dir') await fill(path);
    }
    const self = tree.lookup(directory);
    if (self) copyMetadata(self, directory === '/' ? target : target + directory);
  }
}

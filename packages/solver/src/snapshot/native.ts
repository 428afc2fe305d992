import fs from 'node:fs';
import { lstat, removeTree } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { fsPath } from '../name/bytes.ts';
import { captureChanges } from './native-capture.ts';
import { materialise } from './native-materialise.ts';
import type { OpenLayer, Snapshot, SnapshotPlaces, Snapshotter, Workspace } from './snapshotter.ts';

/**
 * Trees as copies: no mount, no overlayfs, at the price of the files (less where the filesystem clones, as btrfs and XFS
 * do). Files are never hard links of a layer's, since a process may write into them.
 *
 * One thing differs from an overlay and cannot be otherwise: a process sees no hard links of a layer, so one that looks for
 * them, such as `cp -a`, makes several files of one.
 */
export class NativeSnapshotter implements Snapshotter {
  readonly name = 'native';
  readonly #places: SnapshotPlaces;
  #serial = 0;

  constructor(places: SnapshotPlaces) {
    this.#places = places;
  }

  async view(folders: readonly string[], pacer: Pacer): Promise<Snapshot> {
    const path = this.#newFolder();
    try {
      await materialise(folders, path, pacer);
      return { path, release: () => void removeTree(path) };
    } catch (error) {
      removeTree(path);
      throw error;
    }
  }

  async edit(folders: readonly string[], { upper, pacer }: OpenLayer): Promise<Workspace> {
    if (folders.length === 0) return { path: upper, capture: async () => {}, release: () => {} };
    const path = this.#newFolder();
    try {
      const original = await materialise(folders, path, pacer);
      const root = lstat(upper)!;
      fs.chownSync(fsPath(path), root.uid, root.gid);
      fs.chmodSync(fsPath(path), root.mode);
      return {
        path,
        capture: () => captureChanges(path, original, upper, pacer),
        release: () => void removeTree(path),
      };
    } catch (error) {
      removeTree(path);
      throw error;
    }
  }

  async settled(): Promise<void> {}

  #newFolder(): string {
    const folder = `${this.#places.work}/n${this.#serial++}`;
    fs.mkdirSync(fsPath(folder), 0o755);
    return folder;
  }
}

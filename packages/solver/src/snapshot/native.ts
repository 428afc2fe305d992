import fs from 'node:fs';
import { lstat, removeTree } from '../host/files.ts';
import { fsPath } from '../name/bytes.ts';
import { captureChanges } from './native-capture.ts';
import { materialise } from './native-materialise.ts';
import type { Snapshot, SnapshotPlaces, Snapshotter, Workspace } from './snapshotter.ts';

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

  async view(folders: readonly string[]): Promise<Snapshot> {
    const path = this.#newFolder();
    try {
      await materialise(folders, path, this.#pause);
      return { path, release: () => void removeTree(path) };
    } catch (error) {
      removeTree(path);
      throw error;
    }
  }

  async edit(folders: readonly string[], upper: string): Promise<Workspace> {
    if (folders.length === 0) return { path: upper, capture: async () => {}, release: () => {} };
    const path = this.#newFolder();
    try {
      const original = await materialise(folders, path, this.#pause);
      const root = lstat(upper)!;
      fs.chownSync(fsPath(path), root.uid, root.gid);
      fs.chmodSync(fsPath(path), root.mode);
      return {
        path,
        capture: () => captureChanges(path, original, upper, this.#pause),
        release: () => void removeTree(path),
      };
    } catch (error) {
      removeTree(path);
      throw error;
    }
  }

  async settled(): Promise<void> {}

  get #pause(): () => Promise<void> {
    return this.#places.pause ?? (async () => {});
  }

  #newFolder(): string {
    const folder = `${this.#places.work}/n${this.#serial++}`;
    fs.mkdirSync(fsPath(folder), 0o755);
    return folder;
  }
}

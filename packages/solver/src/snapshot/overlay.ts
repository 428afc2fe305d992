import fs from 'node:fs';
import { removeTree } from '../host/files.ts';
import { mountFailure, mountOverlay, type OverlayMount, unmount } from '../host/mount.ts';
import { fsPath } from '../name/bytes.ts';
import type { OpenLayer, Snapshot, SnapshotPlaces, Snapshotter, Workspace } from './snapshotter.ts';

/**
 * Trees as mounts of overlayfs, in this process's own mount namespace (`host/namespace.ts`, to be entered before).
 * Fails with an `environment` failure where the kernel refuses.
 */
export class OverlaySnapshotter implements Snapshotter {
  readonly name = 'overlay';
  readonly #places: SnapshotPlaces;
  /** Removals of work folders that are under way. */
  readonly #removals = new Set<Promise<void>>();
  #serial = 0;

  constructor(places: SnapshotPlaces) {
    this.#places = places;
  }

  async view(folders: readonly string[]): Promise<Snapshot> {
    if (folders.length === 0) return { path: this.#empty(), release: () => {} };
    return this.#mount({ lowers: this.#twoOrMore(folders) });
  }

  async edit(folders: readonly string[], { upper }: OpenLayer): Promise<Workspace> {
    // Nothing lies below: the folder is the tree, and hard links and devices in it are what they are (docs/buildkit-semantics.md#roots-of-layers).
    if (folders.length === 0) return { path: upper, capture: async () => {}, release: () => {} };
    const work = this.#newFolder(this.#places.work);
    try {
      const { path, release } = this.#mount({ lowers: this.#twoOrMore(folders), upper, work });
      return {
        path,
        capture: async () => {},
        release: () => {
          release();
          this.#removeSoon(work);
        },
      };
    } catch (error) {
      removeTree(work);
      throw error;
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#removals);
  }

  #removeSoon(work: string): void {
    const removal = removeWork(work).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  #mount(overlay: Omit<OverlayMount, 'target'>): Snapshot {
    const target = this.#newFolder(this.#places.mounts);
    try {
      mountOverlay({ ...overlay, target });
    } catch (error) {
      fs.rmdirSync(fsPath(target));
      throw mountFailure('an overlay', error);
    }
    return {
      path: target,
      release: () => {
        unmount(target);
        fs.rmdirSync(fsPath(target));
      },
    };
  }

  /** A directory of the only lower folder is shown as it lies there, whiteouts and all; with an empty one below it is merged. */
  #twoOrMore(folders: readonly string[]): readonly string[] {
    if (folders.length > 1) return folders;
    return [this.#empty(), ...folders];
  }

  #empty(): string {
    const empty = `${this.#places.mounts}/empty`;
    fs.mkdirSync(fsPath(empty), { recursive: true });
    return empty;
  }

  #newFolder(parent: string): string {
    const folder = `${parent}/o${this.#serial++}`;
    fs.mkdirSync(fsPath(folder));
    return folder;
  }
}

/** Folders that a volatile overlay leaves in its work folder, deepest first. */
const WORK = ['/work/incompat/volatile', '/work/incompat', '/work', ''];

/**
 * Removes a used work folder by other threads: on disk, each of its folders takes as long as a mount. What cannot be
 * removed goes with the folder around it when this process ends.
 */
async function removeWork(work: string): Promise<void> {
  try {
    await fs.promises.unlink(fsPath(`${work}/work/incompat/volatile/dirty`));
    for (const part of WORK) await fs.promises.rmdir(fsPath(work + part));
  } catch {
    // An older kernel, or one that wrote nothing.
    await fs.promises.rm(fsPath(work), { recursive: true, force: true }).catch(() => {});
  }
}

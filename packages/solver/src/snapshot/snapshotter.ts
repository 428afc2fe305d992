import type { Pacer } from '../host/pacer.ts';

/**
 * Makes folders of layers usable as one tree, at a path, for a process that knows nothing of layers.
 *
 * Only exec needs this; everything else looks at chains and writes layers without a mount. A *view* is to be read; a
 * *workspace* is to be worked in: what the process changes ends up in an upper folder in overlayfs' form (whiteouts are
 * char 0:0, an opaque directory carries its xattr), which the layer store then takes over.
 *
 * Folders are layers in upperdir form, lowest → highest, each at most once and never more than one overlay takes
 * (`layer/mountable.ts`). Paths are absolute byte strings. The store must not change a folder that is in use.
 *
 * ```ts
 * const workspace = await snapshotter.edit(folders, draft);   // its upper: an empty folder on the store's filesystem
 * await executor.run({ root: workspace.path, … });
 * await workspace.capture();                                   // now its upper holds what changed
 * workspace.release();                                         // in any case, also without capture
 * ```
 *
 * Two implementations, one contract (`snapshotter.contract.ts`): `overlay` mounts, which costs nothing that grows with the
 * files; `native` copies, which needs no mount and works on any filesystem.
 */
export interface Snapshotter {
  readonly name: 'overlay' | 'native';
  /** The tree of `folders`, to be read. Whoever hands it to a process makes it read-only there. */
  view(folders: readonly string[], pacer: Pacer): Promise<Snapshot>;
  /** The tree of `folders`, to be changed; the upper folder keeps its owner, and its mode is the root's. */
  edit(folders: readonly string[], layer: OpenLayer): Promise<Workspace>;
  /** Waits until everything that was released so far is cleaned up. */
  settled(): Promise<void>;
}

/** A layer to be written by a process, such as a `Draft`. */
export interface OpenLayer {
  readonly upper: string;
  readonly pacer: Pacer;
}

export interface Snapshot {
  /** The path of the tree, for synchronous calls and child processes of this one. */
  readonly path: string;
  /** Ends the use. Call it once, when no process uses the path any more. */
  release(): void;
}

export interface Workspace extends Snapshot {
  /** Fills the upper folder with what was changed. Call it at most once, before `release`. */
  capture(): Promise<void>;
}

/** Folders in which a snapshotter may put things of this process. */
export interface SnapshotPlaces {
  /** An existing folder for mount points; nothing of weight is written there. */
  readonly mounts: string;
  /** An existing folder on the filesystem of the uppers, removed when this process ends. */
  readonly work: string;
}

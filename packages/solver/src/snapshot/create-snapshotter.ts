import fs from 'node:fs';
import { removeTree } from '../host/files.ts';
import { problemWithOverlay } from '../host/overlay-trial.ts';
import { NativeSnapshotter } from './native.ts';
import { OverlaySnapshotter } from './overlay.ts';
import type { SnapshotPlaces, Snapshotter } from './snapshotter.ts';

/** `auto`: overlay where it works, else native. */
export type SnapshotterChoice = 'auto' | 'overlay' | 'native';

/**
 * The snapshotter of a name. `auto` tries an overlay in the places that will be used, and where that fails says why in
 * one sentence. A chosen one is not tried.
 */
export function createSnapshotter(
  choice: SnapshotterChoice,
  places: SnapshotPlaces,
): { readonly snapshotter: Snapshotter; readonly notes: readonly string[] } {
  if (choice === 'native') return { snapshotter: new NativeSnapshotter(places), notes: [] };
  const overlay = new OverlaySnapshotter(places);
  if (choice === 'overlay') return { snapshotter: overlay, notes: [] };
  const problem = tryOverlay(places);
  if (problem === undefined) return { snapshotter: overlay, notes: [] };
  return {
    snapshotter: new NativeSnapshotter(places),
    notes: [`trees are copied instead of mounted, because overlayfs does not work: ${problem}`],
  };
}

function tryOverlay({ mounts, work }: SnapshotPlaces): string | undefined {
  const folder = fs.mkdtempSync(`${work}/try-`);
  const target = fs.mkdtempSync(`${mounts}/try-`);
  try {
    return problemWithOverlay(folder, target);
  } finally {
    fs.rmdirSync(target);
    removeTree(folder);
  }
}

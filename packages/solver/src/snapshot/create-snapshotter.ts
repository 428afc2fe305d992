import { NativeSnapshotter } from './native.ts';
import { OverlaySnapshotter } from './overlay.ts';
import type { SnapshotPlaces, Snapshotter } from './snapshotter.ts';
import { problemWithOverlay } from './try-overlay.ts';

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
  const problem = problemWithOverlay(places);
  if (problem === undefined) return { snapshotter: overlay, notes: [] };
  return {
    snapshotter: new NativeSnapshotter(places),
    notes: [`trees are copied instead of mounted (native snapshotter): ${problem}`],
  };
}

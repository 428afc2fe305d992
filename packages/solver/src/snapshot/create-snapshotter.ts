import { AutoSnapshotter } from './auto.ts';
import { NativeSnapshotter } from './native.ts';
import { OverlaySnapshotter } from './overlay.ts';
import type { SnapshotPlaces, Snapshotter } from './snapshotter.ts';

/** `auto`: overlay where it works, else native. */
export type SnapshotterChoice = 'auto' | 'overlay' | 'native';

/**
 * The snapshotter of a name.
 * @param note told, in one sentence, why `auto` has chosen copies
 */
export function createSnapshotter(
  choice: SnapshotterChoice,
  places: SnapshotPlaces,
  note: (sentence: string) => void,
): Snapshotter {
  switch (choice) {
    case 'overlay':
      return new OverlaySnapshotter(places);
    case 'native':
      return new NativeSnapshotter(places);
    case 'auto':
      return new AutoSnapshotter(new OverlaySnapshotter(places), new NativeSnapshotter(places), note);
  }
}

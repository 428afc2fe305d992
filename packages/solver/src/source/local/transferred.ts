import type { StoredDigests } from '../../cache/digest-memo.ts';
import type { Pacer } from '../../host/pacer.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { Records } from '../../store/records.ts';
import type { ScannedEntry } from './scan.ts';

/** A folder that was scanned, and where it is to go. */
export interface ScannedFolder {
  readonly entries: readonly ScannedEntry[];
  /** When the scan began, ns since 1970. */
  readonly scannedNs: bigint;
  readonly records: Records;
  readonly layers: LayerStore;
  readonly digests: StoredDigests;
  readonly pacer: Pacer;
  readonly onBytes: (bytes: number) => void;
}

/** The result of a transfer: the hex digest of the tree, and the id of the stored layer that holds it. */
export interface Transferred {
  readonly digest: string;
  readonly layer: string;
}

/** A layer is named by its tree; 160 bits tell trees apart. */
export function transferredOf(digest: string): Transferred {
  return { digest, layer: `local-${digest.slice(0, 40)}` };
}

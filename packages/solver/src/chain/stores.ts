import type { LayerStore } from '../layer/layer-store.ts';
import type { Store } from '../store/store.ts';
import type { RefStore } from './ref-store.ts';
import type { Views } from './views.ts';

/** The stores of results, as one solve sees them. */
export interface Stores {
  /** The state directory; each room keeps its own folder in it. */
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly views: Views;
}

import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import type { LayerRef, Ref } from '../../chain/ref.ts';
import { RefStore } from '../../chain/ref-store.ts';
import { type LayerProvider, NO_PROVIDER, Views } from '../../chain/views.ts';
import { asFailure } from '../../error/error.ts';
import { pacerFor } from '../../host/pacer.ts';
import { LayerStore } from '../../layer/layer-store.ts';
import { Store } from '../../store/store.ts';
import type { Workbench, WorkReport } from '../../work/operation.ts';

/** A store and a workbench on it, as a source sees them in a solve. */
export interface SourceBench {
  readonly root: string;
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly work: Workbench;
  readonly reports: WorkReport[];
  /** The tree of a ref; image layers come from `provider`. */
  readonly treeOf: (ref: Ref | undefined, provider?: LayerProvider) => Promise<ReturnType<Views['treeOf']>>;
}

/** A bench on a new store. */
export function sourceBench(signal?: AbortSignal): SourceBench {
  return sourceBenchAt(temporaryFolder(), signal);
}

export function sourceBenchAt(root: string, signal: AbortSignal = new AbortController().signal): SourceBench {
  const store = new Store(root);
  const layers = new LayerStore(store);
  const refs = new RefStore(store);
  const reports: WorkReport[] = [];
  const plain = new Views(layers, NO_PROVIDER);
  const pacer = pacerFor(signal);
  return {
    root,
    store,
    layers,
    refs,
    reports,
    work: {
      ...pacer,
      view: (ref) => plain.treeOf(ref),
      edit: (base) => layers.edit(base && plain.treeOf(base), { uid: 0, gid: 0 }, pacer),
      async commit(draft, description) {
        const id = layers.newId();
        await layers.commit(draft, id);
        return refs.save({ kind: 'layer', id, layer: id, description, createdAt: Date.now() }) as LayerRef;
      },
      discard: (draft) => layers.discard(draft),
      report: (event) => reports.push(event),
      blame: (error) => asFailure(error),
    },
    async treeOf(ref, provider) {
      const trees = provider ? new Views(layers, provider) : plain;
      await trees.prepare(ref, pacer);
      return trees.treeOf(ref);
    },
  };
}

import type { LayerSummary, SolveRequest, SolveResult } from '@llb-ts/backend';
import { SolveFailure } from '@llb-ts/backend';
import type { Definition } from '@llb-ts/pb';
import type { CacheStore } from '../cache/cache-store.ts';
import { contentDigest } from '../cache/content-digest.ts';
import type { StoredDigests } from '../cache/digest-memo.ts';
import { checkExport } from '../exporter/exporter.ts';
import { loadDefinition } from '../graph/load.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { LayerPacks } from '../layer/pack-blobs.ts';
import { layerIdOf } from '../layer/piece.ts';
import { layersOf, type Ref } from '../layer/ref.ts';
import type { RefStore } from '../layer/ref-store.ts';
import type { Stores } from '../layer/stores.ts';
import { Views } from '../layer/views.ts';
import { answerVertex, type OperationServices } from '../operation/answer.ts';
import type { ExecServices } from '../operation/exec/exec-operation.ts';
import { pruneIgnoredCaches } from '../operation/exec/pruned-caches.ts';
import { createSources } from '../source/create-sources.ts';
import type { Source } from '../source/source.ts';
import type { SourceStores } from '../source/source-stores.ts';
import { Evaluator } from './evaluator.ts';
import { runExport } from './export.ts';
import { exportRef } from './export-ref.ts';
import type { JobSlots } from './job-slots.ts';
import { createWorkbench } from './workbench.ts';

/** What all solves of a backend share. */
export interface SolverServices extends Omit<ExecServices, 'request' | 'stores'> {
  readonly stateDir: string;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly cache: CacheStore;
  readonly digests: StoredDigests;
  readonly slots: JobSlots;
  readonly sources: SourceStores;
  readonly packs: LayerPacks;
}

/** One solve: load, evaluate, export. Fails with a `SolveFailure`. */
export async function solve(request: SolveRequest, services: SolverServices): Promise<SolveResult> {
  const signal = request.signal ?? new AbortController().signal;
  if (signal.aborted) throw new SolveFailure('cancelled', 'the solve was stopped');
  for (const target of request.exports) checkExport(target);
  const head = loadDefinition(request.definition, request.allow);
  pruneIgnoredCaches(head.vertex, request.noCache, services.caches);

  const sources = createSources(request, services.sources);
  const views = new Views(services.layers, sources.provideLayer);
  const stores: Stores = { ...services, views };
  const images = {
    packs: services.packs,
    blobs: services.sources.blobs,
    places: services.sources.places,
    registries: services.sources.registries,
    fetchBlob: async (refId: string) => (await sources.blobOf(refId)) !== undefined,
    ...(request.imageConfig && { imageConfig: request.imageConfig }),
  };
  try {
    const evaluator = createEvaluator(request, signal, services, stores, sources.sources);
    const ref = await evaluator.result(head);
    const metadata: Record<string, string> = {};
    for (const target of request.exports) {
      const answer = await runExport(target, signal, request.onProgress, (work) =>
        exportRef(ref, target, work, { views, images }),
      );
      Object.assign(metadata, answer);
    }
    return { metadata, layers: summarise(ref, services.layers) };
  } finally {
    await sources.close();
  }
}

function createEvaluator(
  request: SolveRequest,
  signal: AbortSignal,
  { cache, digests, slots, caches, execHost, onStepFailure }: SolverServices,
  stores: Stores,
  sources: readonly Source[],
): Evaluator {
  const { views } = stores;
  const { noCache, onProgress } = request;
  const operations: OperationServices = {
    request,
    stores,
    sources,
    caches,
    execHost,
    ...(onStepFailure && { onStepFailure }),
    solveInner: (definition: Definition) => evaluator.result(loadDefinition(definition, request.allow)),
  };
  const evaluator = new Evaluator({
    answer: (vertex, inputs) => answerVertex(vertex, inputs, operations),
    workbenchFor: (vertex, stop) => createWorkbench(stores, vertex, stop, onProgress),
    prepare: async (refs, { pause }) => {
      for (const ref of refs) await views.prepare(ref, pause);
    },
    contentOf: async (ref, { selectors }, { pause }) => {
      try {
        const options = { pause, name: ref?.id ?? 'scratch', memo: digests };
        return await contentDigest(views.treeOf(ref), selectors, options);
      } finally {
        digests.flush();
      }
    },
    cache,
    slots,
    noCache,
    signal,
    onProgress,
  });
  return evaluator;
}

function summarise(ref: Ref | undefined, layers: LayerStore): readonly LayerSummary[] {
  if (!ref) return [];
  return layersOf(ref).map((piece) => {
    const id = layerIdOf(piece);
    return { id, description: piece.description, size: layers.has(id) ? layers.record(id).bytes : 0 };
  });
}

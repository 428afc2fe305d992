import type { LayerSummary, SolveRequest, SolveResult } from '@llb-ts/backend';
import { SolveFailure } from '@llb-ts/backend';
import type { Cache } from '../cache/cache.ts';
import { contentDigest } from '../cache/content-digest.ts';
import type { StoredDigests } from '../cache/digest-memo.ts';
import { layerIdOf } from '../chain/piece.ts';
import { distinctLayersOf, type Ref } from '../chain/ref.ts';
import type { RefStore } from '../chain/ref-store.ts';
import type { Stores } from '../chain/stores.ts';
import { Views } from '../chain/views.ts';
import { requestFailure } from '../error/error.ts';
import { contentsOf, type ExportResult, mapResult } from '../exporter/base/result.ts';
import { planExport } from '../exporter/plan.ts';
import { loadDefinition } from '../graph/load.ts';
import type { Edge } from '../graph/vertex.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { ExecServices } from '../operation/exec/exec-operation.ts';
import { pruneIgnoredCaches } from '../operation/exec/pruned-caches.ts';
import type { LayerPacks } from '../pack/pack-blobs.ts';
import { formatPlatform, ociPlatform } from '../registry/platform.ts';
import type { Source } from '../source/contract/source.ts';
import { createSources } from '../source/create-sources.ts';
import type { SourceStores } from '../source/source-stores.ts';
import type { Store } from '../store/store.ts';
import { Evaluator } from './evaluator.ts';
import { runExport } from './export.ts';
import { exportRef } from './export-ref.ts';
import type { Slots } from './job-slots.ts';
import { type OperationServices, operationFor } from './operation-for.ts';
import { createWorkbench } from './workbench.ts';

/** Shared by all solves of a backend. */
export interface SolverServices extends Omit<ExecServices, 'capabilities' | 'stores'> {
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly cache: Cache;
  readonly digests: StoredDigests;
  readonly slots: Slots;
  readonly sources: SourceStores;
  readonly packs: LayerPacks;
}

/** One solve: load, evaluate, export. Fails with a `SolveFailure`. */
export async function solve(request: SolveRequest, services: SolverServices): Promise<SolveResult> {
  const signal = request.signal ?? new AbortController().signal;
  if (signal.aborted) throw new SolveFailure('cancelled', 'the solve was stopped');
  const plans = request.outputs.map((output) => planExport(output, request.target.kind === 'platforms'));
  const wanted = wantedResult(request);
  const heads = contentsOf(wanted).filter((head) => head !== undefined);
  for (const { vertex } of heads) pruneIgnoredCaches(vertex, request.noCache, services.caches);

  const sources = createSources(request, services.sources);
  const views = new Views(services.layers, sources.layers, (entry) => services.digests.get(entry));
  const stores: Stores = { ...services, views };
  const images = {
    packs: services.packs,
    blobs: services.sources.blobs,
    places: services.sources.places,
    registries: sources.registries,
    fetchBlob: async (refId: string) => (await sources.blobOf(refId)) !== undefined,
  };
  try {
    const evaluator = createEvaluator(request, services, stores, sources.sources);
    const refs = await evaluator.results(heads, signal);
    // While the result is exported, what it is made of reaches the disk; closing the store waits for that.
    void services.store.settle();
    const result = mapResult(wanted, (head) => head && refs[heads.indexOf(head)]);
    const metadata: Record<string, string> = {};
    for (const plan of plans) {
      const answer = await runExport(plan.type, signal, request.onProgress, (work) =>
        exportRef(result, plan, work, { views, images }),
      );
      Object.assign(metadata, answer);
    }
    return { metadata, layers: summarise(refs, services.layers) };
  } finally {
    await sources.close();
  }
}

/** The target of a request, loaded. For several platforms, one may be empty. */
function wantedResult({ target, allow }: SolveRequest): ExportResult<Edge | undefined> {
  if (target.kind === 'one') {
    const content = loadDefinition(target.definition, allow);
    return { kind: 'single', content, ...(target.imageConfig && { imageConfig: target.imageConfig }) };
  }
  const { platforms } = target;
  if (platforms.length === 0) throw requestFailure('invalid empty platforms index for exporter');
  const ids = new Set<string>();
  const parts = platforms.map((part) => {
    const platform = ociPlatform(part.platform);
    const id = formatPlatform(platform);
    if (ids.has(id)) throw requestFailure(`the platform ${id} is there twice`);
    ids.add(id);
    const content = part.definition.isEmpty ? undefined : loadDefinition(part.definition, allow);
    return { id, platform, content, ...(part.imageConfig && { imageConfig: part.imageConfig }) };
  });
  return { kind: 'platforms', parts };
}

function createEvaluator(
  request: SolveRequest,
  { cache, digests, slots, caches, execHost, onStepFailure }: SolverServices,
  stores: Stores,
  sources: readonly Source[],
): Evaluator {
  const { views } = stores;
  const { noCache, onProgress } = request;
  const operations: Omit<OperationServices, 'solveInner'> = {
    capabilities: request,
    stores,
    sources,
    caches,
    execHost,
    ...(onStepFailure && { onStepFailure }),
  };
  return new Evaluator({
    answer: (vertex, inputs, solve) =>
      operationFor(vertex, inputs, {
        ...operations,
        solveInner: (definition) => solve(loadDefinition(definition, request.allow)),
      }),
    workbenchFor: (vertex, signal, madeBy) => createWorkbench(stores, { vertex, signal, onProgress, madeBy }),
    prepare: async (refs, work) => {
      for (const ref of refs) await views.prepare(ref, work);
    },
    contentOf: async (ref, { selectors }, pacer) => {
      try {
        const ghostIn = (directories: ReadonlySet<string>) => views.ghostIn(ref, directories);
        const options = { pacer, name: ref?.id ?? 'scratch', memo: digests, ghostIn };
        return await contentDigest(ref && views.treeOf(ref), selectors, options);
      } finally {
        digests.flush();
      }
    },
    cache,
    isAvailable: (ref) => views.isAvailable(ref),
    slots,
    noCache,
    onProgress,
  });
}

function summarise(refs: readonly (Ref | undefined)[], layers: LayerStore): readonly LayerSummary[] {
  const pieces = new Set(refs.flatMap((ref) => (ref ? distinctLayersOf(ref) : [])));
  return [...pieces].map((piece) => {
    const id = layerIdOf(piece);
    return { id, description: piece.description, size: layers.has(id) ? layers.record(id).bytes : 0 };
  });
}

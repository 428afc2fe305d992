import {
  type ResolvedSource,
  type ResolveRequest,
  redactUrls,
  SolveFailure,
  type SourceQuestion,
} from '@llb-ts/backend';
import { noMetadata, type SourceOp } from '@llb-ts/pb';
import { Views } from '../chain/views.ts';
import { asFailure } from '../error/error.ts';
import type { Vertex } from '../graph/vertex.ts';
import type { Source } from '../source/contract/source.ts';
import { createSources } from '../source/create-sources.ts';
import { openSource } from '../source/source-operation.ts';
import type { SolverServices } from './solve.ts';
import { announcement, failed, placed } from './step-events.ts';
import { createWorkbench } from './workbench.ts';

/** Says what sources name today; each shows as a step in the progress. The first failure stops the others. */
export async function resolveSources(
  request: ResolveRequest,
  services: SolverServices,
): Promise<ReadonlyMap<string, ResolvedSource>> {
  const sources = createSources(request, services.sources);
  const stop = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal;
  const stores = { ...services, views: new Views(services.layers, sources.layers) };
  let failure: SolveFailure | undefined;
  const answered = await Promise.all(
    request.sources.map(async (question) => {
      const vertex = vertexOf(question);
      const { digest } = vertex;
      const emit = request.onProgress;
      emit(announcement(vertex));
      return services.slots.wait.run(async () => {
        if (failure) return undefined;
        emit({ type: 'started', time: Date.now(), digest });
        try {
          signal.throwIfAborted();
          const work = createWorkbench(stores, { vertex, signal, onProgress: emit });
          const answer = answerOf(await resolveOne(question, sources.sources, work));
          emit({ type: 'completed', time: Date.now(), digest, cached: false });
          return [digest, answer] as const;
        } catch (error) {
          const cancelled = signal.aborted;
          const own = cancelled ? new SolveFailure('cancelled', 'the solve was stopped') : asFailure(error);
          const here = placed(own, vertex);
          emit(failed(vertex, here, cancelled));
          failure ??= here;
          stop.abort(failure);
          return undefined;
        }
      });
    }),
  ).finally(() => sources.close());
  if (failure) throw failure;
  return new Map(answered.filter((one) => one !== undefined));
}

async function resolveOne(
  { op, platform }: SourceQuestion,
  sources: readonly Source[],
  work: Parameters<ReturnType<typeof openSource>['resolve']>[0],
): Promise<Readonly<Record<string, unknown>>> {
  return openSource(plain(op), platform, sources).resolve(work);
}

/** With `.git` kept, an annotated tag itself would count, not its commit. */
function plain({ identifier, attrs: { 'git.keepgitdir': _, ...attrs } }: SourceOp): SourceOp {
  return { identifier, attrs };
}

/** The key of a source names the content that it resolved to. */
function answerOf({ kind, ...key }: Readonly<Record<string, unknown>>): ResolvedSource {
  switch (kind) {
    case 'image':
      return { kind, digest: String(key.digest) };
    case 'git':
      return { kind, commit: String(key.commit) };
    case 'http':
      return { kind, checksum: String(key.digest), filename: String(key.filename) };
    default:
      throw new Error(`a source of kind ${String(kind)} has nothing to resolve`);
  }
}

function vertexOf({ digest, op, platform, location }: SourceQuestion): Vertex {
  const name = redactUrls(op.identifier);
  return {
    digest,
    op: { kind: 'source', ...op },
    inputs: [],
    metadata: noMetadata,
    platform,
    name,
    title: `resolve ${name}`,
    location,
  };
}

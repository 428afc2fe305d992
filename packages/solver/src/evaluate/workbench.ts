import type { ProgressEvent } from '@llb-ts/backend';
import { layerIdOf } from '../chain/piece.ts';
import { type LayerPiece, type LayerRef, type Ref, viewOf } from '../chain/ref.ts';
import type { Stores } from '../chain/stores.ts';
import { asFailure } from '../error/error.ts';
import type { Vertex } from '../graph/vertex.ts';
import { lstat } from '../host/files.ts';
import { pacerFor } from '../host/pacer.ts';
import type { Draft } from '../layer/draft.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { Workbench, WorkReport } from '../work/operation.ts';
import { placed } from './step-events.ts';

export interface WorkbenchOptions {
  readonly vertex: Vertex;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
  /** The hash of the key of what is made, once it is known. Default: it has none. */
  readonly madeBy?: () => string | undefined;
}

/** The workbench of one vertex. */
export function createWorkbench(
  { layers, refs, views }: Stores,
  { vertex, signal, onProgress, madeBy = () => undefined }: WorkbenchOptions,
): Workbench {
  let made = 0;
  const pacer = pacerFor(signal);
  const bases = new WeakMap<Draft, { readonly base: Ref | undefined }>();
  return {
    ...pacer,
    view: (ref) => views.treeOf(ref),
    edit(base) {
      const draft = layers.edit(base && views.treeOf(base), rootOwner(base, layers), pacer);
      bases.set(draft, { base });
      return draft;
    },
    async commit(draft, description) {
      const base = bases.get(draft)?.base;
      const layer = await layers.commitAnew(draft, views.ghostIn(base, draft.notes.opaque));
      const id = layers.newId();
      const key = madeBy();
      const ref: LayerRef = {
        kind: 'layer',
        id,
        layer,
        description,
        createdAt: Date.now(),
        ...(base && { parent: base }),
        ...(key !== undefined && { origin: `${key}/${made++}` }),
      };
      return refs.save(ref) as LayerRef;
    },
    discard: (draft) => layers.discard(draft),
    report: (event) => onProgress(reported(event, vertex)),
    blame: (error) => placed(asFailure(error), vertex),
  };
}

/**
 * The owner of the root of a new layer: that of the root it stands on, though its mode starts at 0755 again. Of a merge,
 * only the layers that stand in place count (docs/buildkit-semantics.md#roots-of-layers).
 */
function rootOwner(base: Ref | undefined, layers: LayerStore): { uid: number; gid: number } {
  const standing = base && topInPlace(base);
  if (!standing) return { uid: 0, gid: 0 };
  const { uid, gid } = lstat(layers.path(layerIdOf(standing), 'own')) ?? { uid: 0, gid: 0 };
  return { uid, gid };
}

/** The highest layer that stands on the base it was made on. */
function topInPlace(ref: Ref): LayerPiece | undefined {
  return ref.kind === 'layer' ? ref : viewOf(ref).findLast(({ form }) => form === 'own')?.piece;
}

function reported(event: WorkReport, { digest }: Vertex): ProgressEvent {
  const time = Date.now();
  return { ...event, time, digest };
}

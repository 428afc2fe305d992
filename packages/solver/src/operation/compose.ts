/**
 * The operations that only compose refs: merge, diff, passthrough. Nothing is read or written but the ref itself, and a
 * ref made again from the same inputs is the same ref, so they need no cache.
 */
import { createHash } from 'node:crypto';
import type { DiffOp, MergeOp, PassthroughOp } from '@llb-ts/pb';
import { EMPTY_INPUT } from '@llb-ts/pb';
import { type DiffRef, type LayerPiece, layersOf, type MergeRef, type Ref } from '../chain/ref.ts';
import { stepFailure } from '../error/error.ts';

type Inputs = readonly (Ref | undefined)[];

/** Remembers composed refs. */
export interface RefKeeper {
  /** The ref of this id if it was made before. */
  load(id: string): Ref | undefined;
  save(ref: Ref): Ref;
}

export interface Composed {
  readonly outputs: readonly (Ref | undefined)[];
  /** True if an earlier solve made the same layer. */
  readonly known: boolean;
}

/** The order of the op's inputs counts, not the numbers that the op holds (docs/buildkit-semantics.md#composition-of-refs; `ops/merge.go`). */
export function composeMerge(_op: MergeOp, inputs: Inputs, name: string, keeper: RefKeeper): Composed {
  const refs = inputs.filter((ref) => ref !== undefined);
  if (refs.length === 0) return { outputs: [], known: true };
  return kept(keeper, idOf('merge', refs), (id) =>
    mergeOf(refs, { id, description: name, createdAt: Date.now() }),
  );
}

/** A merge of one thing is that thing, unless that is a merge, too (`cache/manager.go` Merge). */
function mergeOf(refs: readonly Ref[], common: Omit<MergeRef, 'kind' | 'parents'>): Ref {
  const [only] = refs;
  return refs.length === 1 && only!.kind !== 'merge' ? only! : { ...common, kind: 'merge', parents: refs };
}

/** docs/buildkit-semantics.md#composition-of-refs; `ops/diff.go`. */
export function composeDiff(op: DiffOp, inputs: Inputs, name: string, keeper: RefKeeper): Composed {
  const lower = op.lower?.input === EMPTY_INPUT ? undefined : inputs[0];
  const upper = op.upper?.input === EMPTY_INPUT ? undefined : inputs[op.lower?.input === EMPTY_INPUT ? 0 : 1];
  if (!lower) return { outputs: [upper], known: true };
  if (lower.id === upper?.id) return { outputs: [undefined], known: true };
  const refs = upper ? [lower, upper] : [lower];
  return kept(keeper, idOf('diff', refs), (id) =>
    diffOf(lower, upper, { id, description: name, createdAt: Date.now() }, keeper),
  );
}

/**
 * The known-chain rule: where the upper is the lower and at least two layers more, the diff is the merge of what each of
 * those layers changes. Otherwise it is one piece that compares the two.
 */
function diffOf(
  lower: Ref,
  upper: Ref | undefined,
  common: Omit<DiffRef, 'kind' | 'lower' | 'upper'>,
  keeper: RefKeeper,
): Ref {
  const isOneStep = upper?.kind === 'layer' && upper.parent?.id === lower.id;
  const beyond = upper && !isOneStep && layersBeyond(layersOf(lower), layersOf(upper));
  if (!beyond) return { ...common, kind: 'diff', lower, ...(upper && { upper }) };
  const parents = beyond.map((piece): Ref => {
    if (piece.kind !== 'layer' || !piece.parent) return piece;
    const description = `diff ${piece.parent.id} -> ${piece.id}`;
    const id = idOf('diff', [piece.parent, piece]);
    const { createdAt } = common;
    return keeper.save({ kind: 'diff', id, description, createdAt, lower: piece.parent, upper: piece });
  });
  return { ...common, kind: 'merge', parents };
}

function layersBeyond(
  lower: readonly LayerPiece[],
  upper: readonly LayerPiece[],
): readonly LayerPiece[] | undefined {
  if (upper.length <= lower.length + 1) return undefined;
  return lower.every((piece, i) => piece.id === upper[i]!.id) ? upper.slice(lower.length) : undefined;
}

/** `ops/passthrough.go` */
export function composePassthrough(op: PassthroughOp, inputs: Inputs): Composed {
  const outputs = op.outputs.map((index) => {
    if (index >= inputs.length) throw stepFailure(`invalid passthrough output input index ${index}`);
    return inputs[index];
  });
  return { outputs, known: true };
}

/** The name of the vertex is not in it: what stands on the ref is known however its inputs are called. */
function idOf(kind: string, refs: readonly Ref[]): string {
  const hash = createHash('sha256').update(JSON.stringify([kind, refs.map((ref) => ref.id)]));
  return `${kind}-${hash.digest('hex').slice(0, 32)}`;
}

function kept(keeper: RefKeeper, id: string, make: (id: string) => Ref): Composed {
  const known = keeper.load(id);
  if (known) return { outputs: [known], known: true };
  const ref = make(id);
  return { outputs: [ref.id === id ? keeper.save(ref) : ref], known: ref.id !== id };
}

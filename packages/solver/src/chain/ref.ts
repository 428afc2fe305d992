import { stepFailure } from '../error/error.ts';

/**
 * A *ref* is the result of an operation: a filesystem as a record of how it came to be. `undefined` stands for scratch.
 *
 * A ref answers two questions that BuildKit keeps apart, and so must we (docs/buildkit-semantics.md#known-chains, `cache/refs.go`):
 *
 * - {@link layersOf}: which layers does it consist of when it is exported, lowest → highest? Each is a piece that can be
 *   applied on top of anything.
 * - {@link viewOf}: which folders, lowest → highest, make its tree when it is looked at? A layer that stands on the very
 *   base it was made on is taken as it was written; one that was moved elsewhere is taken in its movable form.
 *
 * Refs are values: made once, never changed, named by an id. Two executions of one op give two refs, and refs are the
 * same only if their ids are (that is what `Diff` and the known-chain rule ask).
 *
 * ```ts
 * const base = layerRef(...)            // layers [base]           view [base]
 * const next = layerRef(base, ...)      // layers [base, next]     view [base, next]
 * const diff = diffRef(base, next)      // layers [next]           view [next, moved]
 * const both = mergeRef([other, diff])  // layers [other, next]    view [other, next moved]
 * ```
 */
export type Ref = LayerRef | MergeRef | DiffRef;

interface RefBase {
  /** Unique; stable across processes that share the store. */
  readonly id: string;
  /** The step that made it, in BuildKit's words: becomes `created_by` in an image's history. */
  readonly description: string;
  /** When it was made, milliseconds since 1970. */
  readonly createdAt: number;
}

/** One layer, written on top of `parent`. */
export interface LayerRef extends RefBase {
  readonly kind: 'layer';
  readonly parent?: Ref;
  /** Id of the stored layer. */
  readonly layer: string;
  /** The key of the operation that made it and the number of its result; undefined where the cache was not asked. */
  readonly origin?: string;
}

/**
 * Several refs laid over each other. A parent that is itself a merge stands for its own parents, as in BuildKit, which
 * copies their list instead: a chain of merges would take memory by the square of its length, and merges of a state with
 * itself by powers of two.
 */
export interface MergeRef extends RefBase {
  readonly kind: 'merge';
  readonly parents: readonly Ref[];
}

/** The change from `lower` to `upper`; without `upper`, to nothing. */
export interface DiffRef extends RefBase {
  readonly kind: 'diff';
  readonly lower: Ref;
  readonly upper?: Ref;
}

/**
 * One step of a layer chain: a stored layer with the ref whose changes it holds, or a diff whose layer is computed when
 * it is needed.
 */
export type LayerPiece = LayerRef | DiffRef;

/** Far more than an image can have; only merges of a state with itself, again and again, come to so many. */
const MOST_LAYERS = 1_000_000;

/**
 * The pieces of a ref in the order of an exported image, lowest → highest (`layerWalk`). A diff over exactly one layer
 * is that layer; any other diff is a piece of its own. A layer that is merged twice is there twice.
 * Fails with a `step` failure where these are more than a million.
 */
export function layersOf(ref: Ref): readonly LayerPiece[] {
  const pieces: LayerPiece[] = [];
  // A loop, not recursion: chains may be thousands of layers deep. The highest is taken first.
  const pending: Part[] = [{ whole: ref }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.piece) pieces.push(next.piece);
    else for (const part of partsOf(next.whole)) pending.push(part);
    if (pieces.length > MOST_LAYERS) {
      throw stepFailure(`the filesystem consists of more than ${MOST_LAYERS} layers`, {
        hint: 'it merges a state with itself again and again; a step that copies it (Copy) makes one layer of all',
      });
    }
  }
  return pieces.reverse();
}

/** The pieces of a ref, lowest → highest, each only where it is applied last: any earlier application is overridden. */
export function distinctLayersOf(ref: Ref): readonly LayerPiece[] {
  return lastOfEach([{ whole: ref }]);
}

/** Something that is still to be taken apart, or a piece. */
type Part =
  | { readonly whole: Ref; readonly piece?: undefined }
  | { readonly whole?: undefined; readonly piece: LayerPiece };

/** Lowest → highest. */
function partsOf(ref: Ref): readonly Part[] {
  switch (ref.kind) {
    case 'merge':
      return ref.parents.map((whole) => ({ whole }));
    case 'diff': {
      const { lower, upper } = ref;
      return [{ piece: upper?.kind === 'layer' && upper.parent?.id === lower.id ? upper : ref }];
    }
    case 'layer':
      return ref.parent ? [{ whole: ref.parent }, { piece: ref }] : [{ piece: ref }];
  }
}

/**
 * The pieces of what is pending, lowest → highest, each only where it is applied last.
 * @param pending lowest → highest; is used up
 */
function lastOfEach(pending: Part[]): LayerPiece[] {
  const pieces = new Set<LayerPiece>();
  const done = new Set<Ref>();
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.piece) {
      pieces.add(next.piece);
    } else if (!done.has(next.whole)) {
      done.add(next.whole);
      for (const part of partsOf(next.whole)) pending.push(part);
    }
  }
  return [...pieces].reverse();
}

/** The refs that a ref was made of or on, as they were given. */
export function parentsOf(ref: Ref): readonly Ref[] {
  switch (ref.kind) {
    case 'layer':
      return ref.parent ? [ref.parent] : [];
    case 'merge':
      return ref.parents;
    case 'diff':
      return ref.upper ? [ref.lower, ref.upper] : [ref.lower];
  }
}

/** The layers that end in `ref`, each written on the one before; `base` is the merge or diff below them, if there is one. */
export function layersOnBase(ref: Ref): {
  readonly base: MergeRef | DiffRef | undefined;
  readonly layers: readonly LayerRef[];
} {
  const layers: LayerRef[] = [];
  let base: Ref | undefined = ref;
  while (base?.kind === 'layer') {
    layers.push(base);
    base = base.parent;
  }
  return { base, layers: layers.reverse() };
}

/** A folder of a view: a stored layer as it was written (`own`), or in the form that may lie on any base (`movable`). */
export interface ViewPart {
  readonly piece: LayerPiece;
  readonly form: 'own' | 'movable';
}

/**
 * The parts of a ref's tree, lowest → highest (docs/buildkit-semantics.md#trees-of-merges-and-diffs).
 *
 * A layer lies on its parent's view, in its own form. Of a merge or diff, the leading pieces that stand one on the other
 * from the very bottom are in their own form, all others are moved; of these each is there once.
 */
export function viewOf(ref: Ref): readonly ViewPart[] {
  const { base, layers } = layersOnBase(ref);
  const parts: ViewPart[] = base ? movedView(base) : [];
  for (const piece of layers) parts.push({ piece, form: 'own' });
  return parts;
}

function movedView(ref: MergeRef | DiffRef): ViewPart[] {
  const parts: ViewPart[] = [];
  // Highest → lowest: the lowest is taken first.
  const pending: Part[] = [{ whole: ref }];
  let standing: LayerPiece | undefined;
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { whole, piece } = next;
    if (whole) {
      for (const part of partsOf(whole).toReversed()) pending.push(part);
    } else if (piece.kind === 'layer' && piece.parent?.id === standing?.id) {
      parts.push({ piece, form: 'own' });
      standing = piece;
    } else {
      pending.push(next);
      break;
    }
  }
  for (const piece of lastOfEach(pending.reverse())) parts.push({ piece, form: 'movable' });
  return parts;
}

/**
 * True if `upper` is a merge or diff whose moved layers lie on just the tree of `lower`. BuildKit applies them in one folder
 * and compares that folder alone with `lower` (`util/overlay/overlay_linux.go`, `GetUpperdir`).
 */
export function isAppliedTo(lower: Ref, upper: Ref): boolean {
  if (upper.kind === 'layer') return false;
  const [below, above] = [viewOf(lower), viewOf(upper)];
  const standing = above.filter(({ form }) => form === 'own');
  return (
    standing.length === below.length &&
    standing.length < above.length &&
    below.every(({ piece, form }, i) => form === 'own' && piece.id === standing[i]!.piece.id)
  );
}

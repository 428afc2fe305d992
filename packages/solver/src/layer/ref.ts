/**
 * A *ref* is the result of an operation: a filesystem as a record of how it came to be. `undefined` stands for scratch.
 *
 * A ref answers two questions that BuildKit keeps apart, and so must we (S B.4.3–B.4.5, `cache/refs.go`):
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
  /** What made it, in BuildKit's words: becomes `created_by` in an image's history. */
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
}

/** Several refs laid over each other; at least two, none of them a merge. */
export interface MergeRef extends RefBase {
  readonly kind: 'merge';
  readonly parents: readonly Ref[];
}

/** What leads from `lower` to `upper`; without `upper`, to nothing. */
export interface DiffRef extends RefBase {
  readonly kind: 'diff';
  readonly lower: Ref;
  readonly upper?: Ref;
}

/**
 * One step of a layer chain: a stored layer with the ref whose changes it holds, or a diff whose layer is computed when
 * somebody needs it.
 */
export type LayerPiece = LayerRef | DiffRef;

/**
 * The pieces of a ref in the order of an exported image, lowest → highest (`layerWalk`). A diff over exactly one layer
 * is that layer; any other diff is a piece of its own.
 */
export function layersOf(ref: Ref): readonly LayerPiece[] {
  const pieces: LayerPiece[] = [];
  // A loop, not recursion: chains may be thousands of layers deep.
  const pending: Ref[] = [ref];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.kind === 'merge') {
      // Highest first, since the list is turned round at the end.
      pending.push(...next.parents);
    } else if (next.kind === 'diff') {
      const upper = next.upper;
      pieces.push(upper?.kind === 'layer' && upper.parent?.id === next.lower.id ? upper : next);
    } else {
      pieces.push(next);
      if (next.parent) pending.push(next.parent);
    }
  }
  return pieces.reverse();
}

/** A folder of a view: a stored layer as it was written (`own`), or in the form that may lie on any base (`movable`). */
export interface ViewPart {
  readonly piece: LayerPiece;
  readonly form: 'own' | 'movable';
}

/**
 * The parts of a ref's tree, lowest → highest (S B.4.5).
 *
 * A layer lies on its parent's view, in its own form. Of a merge or diff, the leading pieces that stand one on the other
 * from the very bottom are in their own form, all others are moved.
 */
export function viewOf(ref: Ref): readonly ViewPart[] {
  const ownAbove: LayerRef[] = [];
  let below: Ref | undefined = ref;
  while (below?.kind === 'layer') {
    ownAbove.push(below);
    below = below.parent;
  }
  const parts: ViewPart[] = below ? movedView(below) : [];
  for (const piece of ownAbove.reverse()) parts.push({ piece, form: 'own' });
  return parts;
}

function movedView(ref: MergeRef | DiffRef): ViewPart[] {
  let standing: Ref | undefined;
  let inPlace = true;
  return piecesFor(ref).map(({ piece, lower }) => {
    inPlace &&= piece.kind === 'layer' && lower?.id === standing?.id;
    standing = piece;
    return { piece, form: inPlace ? 'own' : 'movable' };
  });
}

/** The pieces of a merge or diff, each with the ref it was made against. */
function piecesFor(ref: Ref): readonly { readonly piece: LayerPiece; readonly lower: Ref | undefined }[] {
  return layersOf(ref).map((piece) => ({
    piece,
    lower: piece.kind === 'layer' ? piece.parent : piece.lower,
  }));
}

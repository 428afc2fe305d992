import type { SolveFailure } from '@llb-ts/backend';
import type { ContentSelector } from '../cache/content-digest.ts';
import type { LayerRef, Ref } from '../chain/ref.ts';
import type { Pacer } from '../host/pacer.ts';
import type { Draft } from '../layer/draft.ts';
import type { Tree } from '../tree/tree.ts';

/**
 * The work of one vertex, once its inputs are known.
 *
 * Its life: the evaluator resolves the inputs, asks for {@link Operation.key}, looks the key up, and only if nothing is
 * known calls {@link Operation.run}, holding a job slot if the operation says that it works rather than composes.
 *
 * ```ts
 * const operation = operationOf(vertex, services);
 * const key = await operation.key(inputs);       // explicit data; hashed and stored by the cache
 * const outputs = await operation.run(inputs, work);
 * ```
 */
export interface Operation {
  /**
   * The kind of job slot that it takes: it works in this process, or it waits for a process or a server. Undefined for
   * what waits for other vertices: it takes none.
   */
  readonly slot: 'work' | 'wait' | undefined;
  /** The key: all that the result depends on. May fail: a pattern that cannot be parsed, a source that cannot be resolved. */
  key(inputs: readonly (Ref | undefined)[], work: Workbench): Promise<OperationKey>;
  /** One ref (or scratch) per output. */
  run(inputs: readonly (Ref | undefined)[], work: Workbench): Promise<readonly (Ref | undefined)[]>;
}

/** A cache key as explicit data: stored in plain text beside its hash. */
export interface OperationKey {
  /** The op kind and the fields that matter, as JSON data (`buildkit.file.v0` and so on). */
  readonly recipe: Readonly<Record<string, unknown>>;
  /**
   * How each input counts: by what it is (`ref`), or only by the content of the selected paths. A content-keyed input
   * still hits when its ref is the same.
   */
  readonly inputs: readonly InputKey[];
}

export type InputKey =
  | { readonly by: 'ref' }
  | { readonly by: 'content'; readonly selectors: readonly ContentSelector[] };

/** The tools of an operation: trees to look at, drafts to write, and a way to report progress. */
export interface Workbench extends Pacer {
  /** The tree of a ref; of scratch, an empty one. */
  view(ref: Ref | undefined): Tree;
  /** A new layer to be written on `base`. */
  edit(base: Ref | undefined): Draft;
  /** Makes the draft a layer. The draft must not be used afterwards. */
  commit(draft: Draft, description: string): Promise<LayerRef>;
  /** Throws a draft away. */
  discard(draft: Draft): void;
  /** Reports about the running vertex; digest and time are filled in. */
  report(event: WorkReport): void;
  /** The error as a failure of this vertex, whichever vertex's work it ends. */
  blame(error: unknown): SolveFailure;
}

export type WorkReport =
  | { readonly type: 'log'; readonly stream: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | {
      readonly type: 'status';
      readonly id: string;
      readonly name: string;
      readonly current: number;
      readonly total: number;
      readonly started?: number;
      readonly completed?: number;
    }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  /** The vertex is at work again, after it had its result: an image whose layers are wanted now. */
  | { readonly type: 'started' }
  | {
      readonly type: 'completed';
      readonly cached: false;
      readonly error?: string;
      readonly cancelled?: boolean;
    };

import type { ProgressEvent } from '@llb-ts/backend';
import { type Cache, type CacheKey, hashOf } from '../cache/cache.ts';
import { originOf } from '../chain/origin.ts';
import type { Ref } from '../chain/ref.ts';
import type { Edge, Vertex } from '../graph/vertex.ts';
import type { Composed } from '../operation/compose.ts';
import type { InputKey, Operation, OperationKey, Workbench } from '../work/operation.ts';
import { Evaluation, type Outputs } from './evaluation.ts';
import type { Slots } from './job-slots.ts';

export type SolveEdge = (edge: Edge) => Promise<Ref | undefined>;

/** The parts of an evaluator; everything it may not know comes as a function. */
export interface EvaluatorOptions {
  /**
   * A vertex that only composes refs is answered at once; any other gives an operation. With `solve` an operation
   * evaluates another graph as part of the same evaluation.
   */
  readonly answer: (vertex: Vertex, inputs: Outputs, solve: SolveEdge) => Composed | Operation;
  /** @param madeBy the hash of the key of what is made, once it is known; undefined where the cache is not asked */
  readonly workbenchFor: (vertex: Vertex, signal: AbortSignal, madeBy: () => string | undefined) => Workbench;
  /** The digest of the content of an input at the selected paths. */
  readonly contentOf: (ref: Ref | undefined, input: ContentInput, work: Workbench) => Promise<string>;
  /** Brings the trees of refs to disk. */
  readonly prepare: (refs: Outputs, work: Workbench) => Promise<void>;
  readonly cache: Cache;
  /** True if a result that was made before can still be had. */
  readonly isAvailable: (ref: Ref | undefined) => boolean;
  readonly slots: Slots;
  readonly noCache: boolean;
  readonly onProgress: (event: ProgressEvent) => void;
}

type ContentInput = Extract<InputKey, { by: 'content' }>;

/**
 * Finds out the result of edges: one memoised promise per vertex, inputs first, independent branches side by side.
 *
 * Each call of {@link Evaluator.results} is an evaluation with a failure of its own: it stops its own work only, and the
 * next call begins anew with what was finished.
 *
 * A result is looked up twice: by what the inputs are, which needs no look at any file, and then by what they hold where
 * the operation only reads parts of them (docs/buildkit-semantics.md#cache-keys). Two vertices with one key share one execution.
 */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  /** Results of vertices, by digest: a vertex runs once, also when the cache is not asked. */
  readonly #finished = new Map<string, Outputs>();
  /** Runs under way, by hash of the key, each with the signal of the evaluation that began it. */
  readonly #running = new Map<string, { readonly outputs: Promise<Outputs>; readonly stop: AbortSignal }>();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  /** The result of one edge; see {@link Evaluator.results}. */
  async result(edge: Edge, signal: AbortSignal): Promise<Ref | undefined> {
    const [ref] = await this.results([edge], signal);
    return ref;
  }

  /** The results of several edges, side by side; fails with the first failure, once everything it began has stopped. */
  async results(edges: readonly Edge[], signal: AbortSignal): Promise<Outputs> {
    const evaluation = new Evaluation(
      {
        answer: (vertex, inputs, stop) =>
          this.#answer(vertex, inputs, stop, (edge) => evaluation.result(edge)),
        finished: this.#finished,
        onProgress: this.#options.onProgress,
      },
      signal,
    );
    return evaluation.results(edges);
  }

  async #answer(
    vertex: Vertex,
    inputs: Outputs,
    stop: AbortSignal,
    solve: SolveEdge,
  ): Promise<{ outputs: Outputs; cached: boolean }> {
    const answer = this.#options.answer(vertex, inputs, solve);
    if ('outputs' in answer) return { outputs: answer.outputs, cached: answer.known };
    const asksCache = this.#asksCache(vertex);
    let hash: string | undefined;
    const work = this.#options.workbenchFor(vertex, stop, () => (asksCache ? hash : undefined));
    const { recipe, inputs: how } = await answer.key(inputs, work);
    const key = refKey(recipe, how, inputs);
    hash = hashOf(key);
    for (let running = this.#running.get(hash); running; running = this.#running.get(hash)) {
      try {
        return { outputs: await running.outputs, cached: true };
      } catch (error) {
        // The failure of another evaluation is not ours: run it again, unless this one was stopped too.
        if (running.stop === stop || stop.aborted) throw error;
      }
    }
    let cached = true;
    const outputs = this.#once(hash, stop, async () => {
      const known = asksCache ? await this.#lookup(key) : undefined;
      if (known) return known;
      const contentKey = await this.#contentKey(recipe, how, inputs, work);
      const found = contentKey && asksCache ? await this.#lookup(contentKey) : undefined;
      if (!found) cached = false;
      const made = found ?? (await this.#run(answer, inputs, work, vertex));
      this.#options.cache.put(key, made);
      if (contentKey && !found) this.#options.cache.put(contentKey, made);
      return made;
    });
    return { outputs: await outputs, cached };
  }

  #once(hash: string, stop: AbortSignal, make: () => Promise<Outputs>): Promise<Outputs> {
    const outputs = make().finally(() => this.#running.delete(hash));
    this.#running.set(hash, { outputs, stop });
    return outputs;
  }

  #asksCache({ metadata }: Vertex): boolean {
    return !this.#options.noCache && !metadata.ignoreCache;
  }

  async #lookup(key: CacheKey): Promise<Outputs | undefined> {
    const known = await this.#options.cache.get(key);
    return known?.every(this.#options.isAvailable) ? known : undefined;
  }

  /** The key by content, undefined if no input counts by content. */
  async #contentKey(
    recipe: OperationKey['recipe'],
    how: OperationKey['inputs'],
    inputs: Outputs,
    work: Workbench,
  ): Promise<CacheKey | undefined> {
    if (!how.some((input) => input.by === 'content')) return undefined;
    const keys: unknown[] = [];
    for (const [i, input] of how.entries()) {
      const ref = inputs[i];
      if (input.by === 'content') {
        await this.#options.prepare([ref], work);
        keys.push({ content: await this.#options.contentOf(ref, input, work) });
      } else {
        keys.push(ref ? originOf(ref) : null);
      }
    }
    return { recipe, content: keys };
  }

  async #run(operation: Operation, inputs: Outputs, work: Workbench, vertex: Vertex): Promise<Outputs> {
    // No slot is held meanwhile: layers of images may have to come first.
    await this.#options.prepare(inputs, work);
    const run = () => {
      work.signal.throwIfAborted();
      return operation.run(inputs, work);
    };
    if (!operation.slot) return run();
    return this.#options.slots[operation.slot].run(run, () => this.#waitForSlot(vertex));
  }

  /** Says that a vertex waits for a slot; its clock begins anew when it has one. */
  #waitForSlot({ digest }: Vertex): () => void {
    const { onProgress } = this.#options;
    const started = Date.now();
    const id = 'waiting for a job slot';
    const status = { type: 'status', digest, id, name: id, current: 0, total: 0, started } as const;
    onProgress({ ...status, time: started });
    return () => {
      const time = Date.now();
      onProgress({ ...status, time, completed: time });
      onProgress({ type: 'started', time, digest });
    };
  }
}

/** The key by what the inputs are. The paths that count are part of it: the recipe alone does not say (docs/buildkit-semantics.md#cache-keys). */
function refKey(recipe: OperationKey['recipe'], how: OperationKey['inputs'], inputs: Outputs): CacheKey {
  const keys = inputs.map((ref, i) => {
    const input = how[i];
    const origin = ref ? originOf(ref) : null;
    return input?.by === 'content' ? { ref: origin, selectors: input.selectors } : origin;
  });
  return { recipe, inputs: keys };
}

import type { ProgressEvent } from '@llb-ts/backend';
import { SolveFailure } from '@llb-ts/backend';
import { type CacheKey, type CacheStore, hashOf } from '../cache/cache-store.ts';
import { asFailure, stepFailure } from '../error.ts';
import type { Edge, Vertex } from '../graph/vertex.ts';
import type { Ref } from '../layer/ref.ts';
import type { Composed } from '../operation/compose.ts';
import type { Operation, Workbench } from '../operation/operation.ts';
import type { JobSlots } from './job-slots.ts';
import { pacer } from './pacer.ts';
import { announcement, failed, placed } from './step-events.ts';

type Outputs = readonly (Ref | undefined)[];

/** What an evaluator is made of; everything it may not know comes as a function. */
export interface EvaluatorOptions {
  /** A vertex that only composes refs is answered at once; any other gives an operation. */
  readonly answer: (vertex: Vertex, inputs: Outputs) => Composed | Operation;
  readonly workbenchFor: (vertex: Vertex, signal: AbortSignal) => Workbench;
  /** The digest of what an input holds at the selected paths. */
  readonly contentOf: (ref: Ref | undefined, input: ContentInput, work: Workbench) => Promise<string>;
  /** Brings the trees of refs to disk. */
  readonly prepare: (refs: Outputs, work: Workbench) => Promise<void>;
  readonly cache: CacheStore;
  readonly slots: JobSlots;
  readonly noCache: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
}

type ContentInput = Extract<Awaited<ReturnType<Operation['key']>>['inputs'][number], { by: 'content' }>;

/**
 * Finds out the result of edges: one memoised promise per vertex, inputs first, independent branches side by side. The
 * first failure stops what is running; what was finished stays in the cache.
 *
 * A result is looked up twice: by what the inputs are, which needs no look at any file, and then by what they hold where
 * the operation only reads parts of them (S B.8.1). Two vertices with one key share one execution.
 */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #results = new Map<string, Promise<Outputs>>();
  readonly #running = new Map<string, Promise<Outputs>>();
  readonly #stop = new AbortController();
  readonly #pause = pacer(this.#stop.signal);
  #failure: SolveFailure | undefined;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    const stop = () => this.#stop.abort(options.signal.reason);
    if (options.signal.aborted) stop();
    else options.signal.addEventListener('abort', stop, { once: true });
  }

  /** The result of one edge; fails with the first failure of the whole evaluation. */
  async result(edge: Edge): Promise<Ref | undefined> {
    // Inputs are begun before what needs them, so that a deep graph does not become a deep stack.
    for (const vertex of inputsFirst(edge.vertex, this.#results)) this.#begin(vertex);
    return this.#output(edge);
  }

  /** The results of several edges, side by side; fails with the first failure of all. */
  async results(edges: readonly Edge[]): Promise<readonly (Ref | undefined)[]> {
    const settled = await Promise.allSettled(edges.map((edge) => this.result(edge)));
    return settled.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      throw this.#failure ?? outcome.reason;
    });
  }

  #begin(vertex: Vertex): void {
    const result = this.#evaluate(vertex);
    // Who needs it hears of a failure; without this, so would the process.
    result.catch(() => {});
    this.#results.set(vertex.digest, result);
  }

  async #output({ vertex, index }: Edge): Promise<Ref | undefined> {
    const outputs = await this.#results.get(vertex.digest)!;
    if (index >= outputs.length) {
      throw this.#fail(
        vertex,
        stepFailure(`invalid response from exec need ${index} index but ${outputs.length} results received`),
      );
    }
    return outputs[index];
  }

  async #evaluate(vertex: Vertex): Promise<Outputs> {
    this.#emit(announcement(vertex));
    const settled = await Promise.allSettled(vertex.inputs.map((edge) => this.#output(edge)));
    const missing = settled.find((outcome) => outcome.status === 'rejected');
    if (missing) throw this.#failure ?? missing.reason;
    const inputs = settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
    const { digest } = vertex;
    this.#emit({ type: 'started', time: Date.now(), digest });
    try {
      await this.#pause();
      const { outputs, cached } = await this.#answer(vertex, inputs);
      this.#emit({ type: 'completed', time: Date.now(), digest, cached });
      return outputs;
    } catch (error) {
      const failure = this.#fail(vertex, error);
      const cancelled = failure.code === 'cancelled' || failure !== this.#failure;
      this.#emit(failed(vertex, failure, cancelled));
      throw this.#failure ?? failure;
    }
  }

  async #answer(vertex: Vertex, inputs: Outputs): Promise<{ outputs: Outputs; cached: boolean }> {
    const answer = this.#options.answer(vertex, inputs);
    if ('outputs' in answer) return { outputs: answer.outputs, cached: answer.known };
    const work = this.#options.workbenchFor(vertex, this.#stop.signal);
    const { recipe, inputs: how } = await answer.key(inputs, work);
    const key = refKey(recipe, how, inputs);
    const running = this.#running.get(hashOf(key));
    if (running) return { outputs: await running, cached: true };
    let cached = true;
    const outputs = this.#once(key, async () => {
      const known = this.#lookup(vertex, key);
      if (known) return known;
      const contentKey = await this.#contentKey(recipe, how, inputs, work);
      const found = contentKey && this.#lookup(vertex, contentKey);
      if (!found) cached = false;
      const made = found ?? (await this.#run(answer, inputs, work));
      this.#options.cache.put(key, made);
      if (contentKey && !found) this.#options.cache.put(contentKey, made);
      return made;
    });
    return { outputs: await outputs, cached };
  }

  #once(key: CacheKey, make: () => Promise<Outputs>): Promise<Outputs> {
    const hash = hashOf(key);
    const promise = make().finally(() => this.#running.delete(hash));
    this.#running.set(hash, promise);
    return promise;
  }

  #lookup(vertex: Vertex, key: CacheKey): Outputs | undefined {
    if (this.#options.noCache || vertex.metadata.ignoreCache) return undefined;
    return this.#options.cache.get(key);
  }

  /** The key by content, undefined if no input counts by content. */
  async #contentKey(
    recipe: Readonly<Record<string, unknown>>,
    how: Awaited<ReturnType<Operation['key']>>['inputs'],
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
        keys.push(ref?.id ?? null);
      }
    }
    return { recipe, content: keys };
  }

  #run(operation: Operation, inputs: Outputs, work: Workbench): Promise<Outputs> {
    const run = async () => {
      this.#stop.signal.throwIfAborted();
      await this.#options.prepare(inputs, work);
      return operation.run(inputs, work);
    };
    return operation.works ? this.#options.slots.run(run) : run();
  }

  #emit(event: ProgressEvent): void {
    this.#options.onProgress(event);
  }

  /** Notes the first failure and stops everything else. */
  #fail(vertex: Vertex, error: unknown): SolveFailure {
    const failure =
      this.#stop.signal.aborted && !(error instanceof SolveFailure)
        ? new SolveFailure('cancelled', 'the solve was stopped')
        : asFailure(error);
    const here = placed(failure, vertex);
    if (!this.#failure) {
      this.#failure = here;
      this.#stop.abort(here);
    }
    return here;
  }
}

/** The key by what the inputs are. Which of their paths count is part of it: the recipe alone does not say (S B.8.1). */
function refKey(
  recipe: Readonly<Record<string, unknown>>,
  how: Awaited<ReturnType<Operation['key']>>['inputs'],
  inputs: Outputs,
): CacheKey {
  const keys = inputs.map((ref, i) => {
    const input = how[i];
    const id = ref?.id ?? null;
    return input?.by === 'content' ? { ref: id, selectors: input.selectors } : id;
  });
  return { recipe, inputs: keys };
}

/** The vertices that `vertex` needs and that are not begun yet, each after its inputs, itself last. */
function inputsFirst(vertex: Vertex, begun: ReadonlyMap<string, unknown>): readonly Vertex[] {
  const order = new Set<Vertex>();
  const opened = new Set<Vertex>();
  const pending = [vertex];
  while (pending.length > 0) {
    const next = pending.at(-1)!;
    if (opened.has(next) || begun.has(next.digest)) {
      pending.pop();
      if (!begun.has(next.digest)) order.add(next);
      continue;
    }
    opened.add(next);
    for (const input of next.inputs.toReversed()) if (!opened.has(input.vertex)) pending.push(input.vertex);
  }
  return [...order];
}

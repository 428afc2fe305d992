import { type ProgressEvent, SolveFailure } from '@llb-ts/backend';
import { inputsFirst } from '@llb-ts/pb';
import type { Ref } from '../chain/ref.ts';
import { asFailure, stepFailure } from '../error/error.ts';
import type { Edge, Vertex } from '../graph/vertex.ts';
import { pacerFor } from '../host/pacer.ts';
import { announcement, failed, placed } from './step-events.ts';

/** The results of an operation, by number; undefined stands for scratch. */
export type Outputs = readonly (Ref | undefined)[];

export interface EvaluationOptions {
  /** The outputs of a vertex, and whether they were known; stops when the signal fires. */
  readonly answer: (
    vertex: Vertex,
    inputs: Outputs,
    stop: AbortSignal,
  ) => Promise<{ readonly outputs: Outputs; readonly cached: boolean }>;
  /** Results of earlier evaluations, by digest of the vertex; new ones are added. */
  readonly finished: Map<string, Outputs>;
  readonly onProgress: (event: ProgressEvent) => void;
}

/**
 * One evaluation of some edges: the scope of a failure. The first failure stops what this evaluation runs, and is what
 * everything that waits in it fails with.
 */
export class Evaluation {
  readonly #options: EvaluationOptions;
  readonly #results = new Map<string, Promise<Outputs>>();
  readonly #stop = new AbortController();
  readonly #pacer = pacerFor(this.#stop.signal);
  readonly #signal: AbortSignal;
  #failure: SolveFailure | undefined;

  constructor(options: EvaluationOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The results of several edges, side by side; fails with the first failure of all, when nothing runs any more. */
  async results(edges: readonly Edge[]): Promise<Outputs> {
    const stop = () => this.#stop.abort(this.#signal.reason);
    if (this.#signal.aborted) stop();
    else this.#signal.addEventListener('abort', stop, { once: true });
    try {
      const settled = await Promise.allSettled(edges.map((edge) => this.result(edge)));
      return settled.map((outcome) => {
        if (outcome.status === 'fulfilled') return outcome.value;
        throw this.#failure ?? outcome.reason;
      });
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  /** The result of one more edge; fails with the first failure of the whole evaluation. */
  async result({ vertex, index }: Edge): Promise<Ref | undefined> {
    // Inputs are begun before what needs them, so that a deep graph does not become a deep stack.
    const skip = ({ digest }: Vertex) => this.#results.has(digest);
    const inputsOf = ({ inputs }: Vertex) => inputs.map((input) => input.vertex);
    for (const next of inputsFirst([vertex], inputsOf, { skip })) this.#begin(next);
    return this.#output({ vertex, index });
  }

  #begin(vertex: Vertex): void {
    const known = this.#options.finished.get(vertex.digest);
    const result = known ? Promise.resolve(known) : this.#evaluate(vertex);
    // Its users get the failure; this handler only keeps Node from ending the process over an unhandled rejection.
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
    const { onProgress, finished } = this.#options;
    onProgress(announcement(vertex));
    const settled = await Promise.allSettled(vertex.inputs.map((edge) => this.#output(edge)));
    const missing = settled.find((outcome) => outcome.status === 'rejected');
    if (missing) throw this.#failure ?? missing.reason;
    const inputs = settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
    const { digest } = vertex;
    onProgress({ type: 'started', time: Date.now(), digest });
    try {
      await this.#pacer.pause();
      const { outputs, cached } = await this.#options.answer(vertex, inputs, this.#stop.signal);
      finished.set(digest, outputs);
      onProgress({ type: 'completed', time: Date.now(), digest, cached });
      return outputs;
    } catch (error) {
      const failure = this.#fail(vertex, error);
      const cancelled =
        failure.code === 'cancelled' || failure !== this.#failure || failure.details.vertex !== digest;
      onProgress(failed(vertex, failure, cancelled));
      throw this.#failure ?? failure;
    }
  }

  /** Notes the first failure and stops everything else of this evaluation. */
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

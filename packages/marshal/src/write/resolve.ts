import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type AsyncContext,
  type Deferred,
  type HasState,
  isForeignState,
  isState,
  LlbError,
  type Output,
  outcomeOf,
  type Vertex,
} from '@llb-ts/llb';
import { MarshalError } from '../base/error.ts';
import { fileStates, inputsOf } from '../lower/index.ts';

/** The async states whose functions are running around the current one; needing one of them would wait for ever. */
const running = new AsyncLocalStorage<ReadonlySet<Deferred>>();
/** Async states that are being computed, so that each is computed once. */
const started = new WeakMap<Deferred, Promise<void>>();

/** Computes every async state that `root` leads to. The first error of one is thrown as it is. */
export async function settle(root: HasState, context: AsyncContext): Promise<void> {
  const finder = new Finder();
  finder.addState(root);
  for (let open = finder.open(); open.length > 0; open = finder.open()) {
    await Promise.all(open.map((deferred) => compute(deferred, context)));
    for (const { outcome } of open) if (outcome && 'state' in outcome) finder.addState(outcome.state);
  }
}

function compute(deferred: Deferred, context: AsyncContext): Promise<void> {
  const around = running.getStore();
  if (around?.has(deferred)) throw cyclic(deferred);
  let done = started.get(deferred);
  if (!done) {
    done = running.run(new Set(around).add(deferred), () => callOnce(deferred, context));
    started.set(deferred, done);
  }
  return done;
}

async function callOnce(deferred: Deferred, context: AsyncContext): Promise<void> {
  try {
    const state: unknown = await deferred.compute(context);
    if (!isState(state)) throw notAState(deferred, state);
    deferred.outcome = { state };
  } catch (thrown) {
    const error = placed(thrown, deferred);
    deferred.outcome = { error };
    throw error;
  }
}

/** A mistake inside an async state that has no line of its own gets that of the state. */
function placed(error: unknown, { callSite }: Deferred): unknown {
  if (!(error instanceof LlbError) || error.callSite) return error;
  return new LlbError(error.code, error.message, { hint: error.hint, callSite, cause: error });
}

function notAState(deferred: Deferred, value: unknown): MarshalError {
  const what = isForeignState(value)
    ? 'a State of another copy of @llb-ts/llb'
    : `no State but ${typeof value}`;
  return new MarshalError('invalid-async', `an async state returned ${what}`, {
    callSite: deferred.callSite,
  });
}

function cyclic(deferred: Deferred): MarshalError {
  return new MarshalError('cyclic-state', 'an async state needs itself', { callSite: deferred.callSite });
}

/**
 * The result of `read` on a graph in which every async state is computed. Most graphs have none, so it is tried at once; only
 * where one is missing is the graph walked for all of them.
 */
export async function onceSettled<Result>(
  root: HasState,
  context: AsyncContext,
  read: () => Result,
): Promise<Result> {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LlbError) || error.code !== 'unresolved-state') throw error;
  }
  await settle(root, context);
  return read();
}

/** The output once every async state is computed; undefined for an empty filesystem. */
export function follow(output: Output | undefined): Exclude<Output, { kind: 'deferred' }> | undefined {
  let current = output;
  let passed: Set<Deferred> | undefined;
  while (current?.kind === 'deferred') {
    const { deferred } = current;
    passed ??= new Set();
    if (passed.has(deferred)) throw cyclic(deferred);
    passed.add(deferred);
    current = outcomeOf(deferred).Output();
  }
  return current;
}

/** Walks a graph for async states that are not computed yet, and on into those that are. */
class Finder {
  readonly #seen = new Set<Vertex | Deferred>();
  readonly #todo: Vertex[] = [];
  #open: Deferred[] = [];

  addState(state: HasState): void {
    if (state.environment.base) this.#addDeferred(state.environment.base);
    this.#addOutput(state.Output());
  }

  open(): readonly Deferred[] {
    for (let vertex = this.#todo.pop(); vertex; vertex = this.#todo.pop()) this.#visit(vertex);
    const open = this.#open;
    this.#open = [];
    return open;
  }

  #visit(vertex: Vertex): void {
    switch (vertex.kind) {
      case 'definition':
        return;
      case 'file':
        for (const state of fileStates(vertex)) this.addState(state);
        return;
      case 'exec':
        if (vertex.environment.base) this.#addDeferred(vertex.environment.base);
    }
    for (const output of inputsOf(vertex)) this.#addOutput(output);
  }

  #addOutput(output: Output | undefined): void {
    if (output?.kind === 'deferred') {
      this.#addDeferred(output.deferred);
    } else if (output && output.kind !== 'none' && !this.#seen.has(output.vertex)) {
      this.#seen.add(output.vertex);
      this.#todo.push(output.vertex);
    }
  }

  #addDeferred(deferred: Deferred): void {
    if (this.#seen.has(deferred)) return;
    this.#seen.add(deferred);
    if (!deferred.outcome) this.#open.push(deferred);
    else if ('state' in deferred.outcome) this.addState(deferred.outcome.state);
  }
}

import { type ProgressEvent, SolveFailure } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import type { ContentSelector } from '../cache/content-digest.ts';
import { FileCache } from '../cache/file-cache.ts';
import type { LayerRef, Ref } from '../chain/ref.ts';
import { RefStore } from '../chain/ref-store.ts';
import { stepFailure } from '../error/error.ts';
import type { Edge, Vertex } from '../graph/vertex.ts';
import { Store } from '../store/store.ts';
import type { InputKey, Operation, Workbench } from '../work/operation.ts';
import { Evaluator } from './evaluator.ts';
import { createSlots } from './job-slots.ts';

const root = temporaryFolder();

/** A vertex that makes one layer; how its inputs count is up to the test. */
function vertex(digest: string, inputs: readonly Vertex[] = [], metadata = {}): Vertex {
  return {
    digest,
    op: { kind: 'file', actions: [] },
    inputs: inputs.map((input) => ({ vertex: input, index: 0 })),
    metadata: { ignoreCache: false, description: {}, caps: {}, ...metadata },
    platform: undefined,
    name: digest,
    title: digest,
    location: undefined,
  };
}

const selectorOf = (path: string): ContentSelector => ({
  path,
  wildcard: false,
  followLinks: false,
  includePatterns: [],
  excludePatterns: [],
  requiredPaths: [],
});

interface World {
  readonly ran: string[];
  readonly events: ProgressEvent[];
  readonly evaluator: Evaluator;
  /** The result of one edge, in an evaluation of its own. */
  readonly result: (edge: Edge) => Promise<Ref | undefined>;
  atWork: number;
  mostAtWork: number;
}

interface Behaviour {
  readonly recipe?: Record<string, string>;
  readonly by?: InputKey['by'];
  readonly run?: (digest: string, work: Workbench) => Promise<void>;
  readonly content?: string;
  readonly path?: string;
  readonly noCache?: boolean;
  readonly slots?: number;
  readonly jobs?: number;
  readonly slot?: Operation['slot'];
  readonly signal?: AbortSignal;
}

let serial = 0;
const store = new Store(root);
const refs = new RefStore(store);
const cache = new FileCache(store, (id) => refs.load(id));

function world(behaviour: Behaviour = {}): World {
  const it: World = {
    ran: [],
    events: [],
    atWork: 0,
    mostAtWork: 0,
    evaluator: undefined as unknown as Evaluator,
    result: (edge) => it.evaluator.result(edge, behaviour.signal ?? new AbortController().signal),
  };
  const operation = ({ digest }: Vertex): Operation => ({
    slot: behaviour.slot ?? 'work',
    async key(inputs) {
      const selectors = behaviour.path === undefined ? [] : [selectorOf(behaviour.path)];
      const how = inputs.map(
        (): InputKey => (behaviour.by === 'content' ? { by: 'content', selectors } : { by: 'ref' }),
      );
      return { recipe: { test: behaviour.recipe?.[digest] ?? digest }, inputs: how };
    },
    async run(inputs, work) {
      it.mostAtWork = Math.max(it.mostAtWork, ++it.atWork);
      it.ran.push(digest);
      await (behaviour.run?.(digest, work) ?? new Promise((resolve) => setTimeout(resolve, 5)));
      it.atWork--;
      const id = `ref-${serial++}`;
      const parent = inputs[0];
      const ref: LayerRef = {
        kind: 'layer',
        id,
        layer: id,
        description: digest,
        createdAt: 0,
        ...(parent && { parent }),
      };
      return [refs.save(ref)];
    },
  });
  const workbench = (signal: AbortSignal) => ({ signal, pause: async () => {} }) as unknown as Workbench;
  Object.assign(it, {
    evaluator: new Evaluator({
      answer: operation,
      workbenchFor: (_vertex, signal) => workbench(signal),
      contentOf: async () => behaviour.content ?? 'content',
      prepare: async () => {},
      cache,
      isAvailable: () => true,
      slots: createSlots(behaviour.jobs, behaviour.slots ?? 4),
      noCache: behaviour.noCache ?? false,
      onProgress: (event) => it.events.push(event),
    }),
  });
  return it;
}

/** Works like a file operation: synchronously. */
function busyFor(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

const completed = (events: readonly ProgressEvent[]) =>
  events.flatMap((event) =>
    event.type === 'completed' ? [`${event.digest}${event.cached ? ' cached' : ''}`] : [],
  );

describe('Evaluator', () => {
  it('runs every vertex once, inputs first, and nothing in a second solve', async () => {
    const base = vertex('once-base');
    const top = vertex('once-top', [vertex('once-left', [base]), vertex('once-right', [base])]);
    const first = world();
    const ref = await first.result({ vertex: top, index: 0 });
    expect(first.ran[0]).toBe('once-base');
    expect(first.ran.at(-1)).toBe('once-top');
    expect(first.ran).toHaveLength(4);
    const second = world();
    expect(await second.result({ vertex: top, index: 0 })).toBe(ref);
    expect(second.ran).toEqual([]);
    expect(completed(second.events).every((line) => line.endsWith(' cached'))).toBe(true);
  });

  it('runs independent vertices side by side, but no more than there are slots', async () => {
    const leaves = Array.from({ length: 6 }, (_, i) => vertex(`slot-${i}`));
    const run = world({ slots: 3 });
    await run.result({ vertex: vertex('slot-top', leaves), index: 0 });
    expect(run.mostAtWork).toBe(3);
  });

  it('lets what waits for a process or server run without limit, unless one was set', async () => {
    const leaves = (name: string) => Array.from({ length: 12 }, (_, i) => vertex(`${name}-${i}`));
    const free = world({ slot: 'wait', slots: 1 });
    await free.result({ vertex: vertex('free-top', leaves('free')), index: 0 });
    expect(free.mostAtWork).toBe(12);
    const limited = world({ slot: 'wait', slots: 1, jobs: 2 });
    await limited.result({ vertex: vertex('limited-top', leaves('limited')), index: 0 });
    expect(limited.mostAtWork).toBe(2);
  });

  it('says that a vertex waits for a slot, and begins its time when it has one', async () => {
    const run = world({ slots: 1 });
    await run.result({ vertex: vertex('turn-top', [vertex('turn-a'), vertex('turn-b')]), index: 0 });
    const told = run.events.flatMap((event) => {
      if (event.digest !== 'turn-b') return [];
      return event.type === 'status'
        ? [event.completed === undefined ? event.id : 'has a slot']
        : [event.type];
    });
    expect(told).toEqual([
      'vertex',
      'started',
      'waiting for a job slot',
      'has a slot',
      'started',
      'completed',
    ]);
  });

  it('shares one execution between vertices with one key', async () => {
    const recipe = { 'same-a': 'same', 'same-b': 'same' };
    const run = world({ recipe });
    await run.result({
      vertex: vertex('same-top', [vertex('same-a'), vertex('same-b')]),
      index: 0,
    });
    expect(run.ran).toEqual(['same-a', 'same-top']);
  });

  it('hits by content when the input is another one with the same content, and only then', async () => {
    const recipe = { 'content-user': 'content-user' };
    const solve = async (input: string, content: string) => {
      const run = world({ recipe, by: 'content', content });
      await run.result({ vertex: vertex('content-user', [vertex(input)]), index: 0 });
      return run.ran;
    };
    expect(await solve('content-1', 'x')).toEqual(['content-1', 'content-user']);
    expect(await solve('content-2', 'x')).toEqual(['content-2']);
    expect(await solve('content-3', 'y')).toEqual(['content-3', 'content-user']);
  });

  it('does not take one path of an input for another', async () => {
    const recipe = { 'select-user': 'select-user' };
    const solve = async (path: string) => {
      const run = world({ recipe, by: 'content', content: path, path });
      await run.result({ vertex: vertex('select-user', [vertex('select-input')]), index: 0 });
      return run.ran;
    };
    await solve('/a');
    expect(await solve('/b')).toEqual(['select-user']);
    expect(await solve('/a')).toEqual([]);
  });

  it('hears of a signal in a long chain of quick steps', async () => {
    const controller = new AbortController();
    let top = vertex('quick-0');
    for (let i = 1; i < 600; i++) top = vertex(`quick-${i}`, [top]);
    const run = world({ signal: controller.signal, run: async () => busyFor(0.5) });
    setImmediate(() => controller.abort(new SolveFailure('cancelled', 'stopped')));
    await expect(run.result({ vertex: top, index: 0 })).rejects.toThrow('stopped');
    expect(run.ran.length).toBeLessThan(500);
  });

  it('runs again what asks for no cache, and so what stands on it', async () => {
    const graph = (ignoreCache: boolean) =>
      vertex('ignore-top', [vertex('ignore-base', [], { ignoreCache })]);
    await world().result({ vertex: graph(false), index: 0 });
    const run = world();
    await run.result({ vertex: graph(true), index: 0 });
    expect(run.ran).toEqual(['ignore-base', 'ignore-top']);
    const all = world({ noCache: true });
    await all.result({ vertex: graph(false), index: 0 });
    expect(all.ran).toEqual(['ignore-base', 'ignore-top']);
  });

  it('stops the others at the first failure, names the vertex, and keeps what was done', async () => {
    const slow = vertex('fail-slow');
    const run = world({
      run: async (digest, { signal }) => {
        if (digest === 'fail-now') throw stepFailure('it broke');
        if (digest === 'fail-slow') {
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          );
        }
      },
    });
    const broken = vertex('fail-now', [vertex('fail-base')]);
    const failure = await run
      .result({ vertex: vertex('fail-top', [slow, broken]), index: 0 })
      .catch((e) => e);
    expect(failure).toBeInstanceOf(SolveFailure);
    expect(failure.message).toBe('it broke');
    expect(failure.details.vertex).toBe('fail-now');
    expect(run.ran).not.toContain('fail-top');
    const again = world();
    await again.result({ vertex: broken, index: 0 });
    expect(again.ran).toEqual(['fail-now']);
  });

  it('fails as cancelled when the caller stops it', async () => {
    const controller = new AbortController();
    const run = world({
      signal: controller.signal,
      run: (_digest, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const result = run.result({ vertex: vertex('cancel'), index: 0 }).catch((e) => e);
    setTimeout(() => controller.abort(), 10);
    expect((await result).code).toBe('cancelled');
    expect(run.events.at(-1)).toMatchObject({ type: 'completed', cancelled: true });
  });

  it('has BuildKit’s text for an output that an op does not have', async () => {
    const failure = await world()
      .result({ vertex: vertex('few'), index: 2 })
      .catch((e) => e);
    expect(failure.message).toBe('invalid response from exec need 2 index but 1 results received');
  });

  it('goes through graphs of any depth', async () => {
    let top = vertex('deep-0');
    for (let i = 1; i < 5_000; i++) top = vertex(`deep-${i}`, [top]);
    const run = world({ run: async () => {} });
    const ref = (await run.result({ vertex: top, index: 0 })) as Ref;
    expect(ref.description).toBe('deep-4999');
  }, 30_000);

  it('survives a failed call: the next one runs what failed, and nothing else', async () => {
    const base = vertex('survive-base');
    const top = vertex('survive-top', [base]);
    let isBroken = true;
    const run = world({
      noCache: true,
      run: async (digest) => {
        if (digest === 'survive-top' && isBroken) throw stepFailure('broken');
      },
    });
    await expect(run.result({ vertex: top, index: 0 })).rejects.toThrow('broken');
    isBroken = false;
    await run.result({ vertex: top, index: 0 });
    expect(run.ran).toEqual(['survive-base', 'survive-top', 'survive-top']);
  });

  it('takes over a step whose other evaluation was stopped', async () => {
    let begin = () => {};
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const run = world({
      run: (_digest, work) => {
        begin();
        return new Promise((resolve, reject) => {
          if (run.ran.length > 1) resolve();
          work.signal.addEventListener('abort', () => reject(work.signal.reason));
        });
      },
    });
    const stop = new AbortController();
    const edge = { vertex: vertex('takeover'), index: 0 };
    const first = run.evaluator.result(edge, stop.signal).catch((error: Error) => error.message);
    const second = run.result(edge);
    await began;
    stop.abort(new SolveFailure('cancelled', 'stopped'));
    expect(await first).toBe('stopped');
    expect(await second).toMatchObject({ kind: 'layer' });
    expect(run.ran).toEqual(['takeover', 'takeover']);
  });
});

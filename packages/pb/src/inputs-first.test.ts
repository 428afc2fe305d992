import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputsFirst } from './inputs-first.ts';

/** Random graphs: node i has inputs below i. */
const graphs = fc
  .integer({ min: 1, max: 30 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => inputsBelow(i))));

function inputsBelow(i: number): fc.Arbitrary<readonly number[]> {
  return i === 0 ? fc.constant([]) : fc.array(fc.nat({ max: i - 1 }), { maxLength: 4 });
}

describe('inputsFirst', () => {
  it('lists each node once, after its inputs', () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (graph, pick) => {
        const root = pick % graph.length;
        const order = inputsFirst([root], (node) => graph[node] ?? []);
        expect(new Set(order).size).toBe(order.length);
        expect(order.at(-1)).toBe(root);
        for (const [at, node] of order.entries()) {
          for (const input of graph[node] ?? []) expect(order.slice(0, at)).toContain(input);
        }
      }),
    );
  });

  it('takes graphs of any depth', () => {
    const order = inputsFirst([200_000], (node) => (node === 0 ? [] : [node - 1]));
    expect(order).toHaveLength(200_001);
  });

  it('leaves out what is skipped, and names a node that needs itself', () => {
    const graph: Readonly<Record<string, readonly string[]>> = { a: ['b', 'c'], b: ['d'], c: [], d: [] };
    expect(inputsFirst(['a'], (node) => graph[node] ?? [], { skip: (node) => node === 'b' })).toEqual([
      'c',
      'a',
    ]);
    const onLoop = (node: string): never => {
      throw new Error(`loop at ${node}`);
    };
    const loop: typeof graph = { a: ['b'], b: ['a'] };
    expect(() => inputsFirst(['a'], (node) => loop[node] ?? [], { onLoop })).toThrow('loop at a');
  });
});

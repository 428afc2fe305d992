import { describe, expect, it } from 'vitest';
import { type LayerRef, layersOf, type Ref, viewOf } from '../chain/ref.ts';
import { composeDiff, composeMerge, composePassthrough } from './compose.ts';

/** Layers named by what they add, so that the table of docs/buildkit-semantics.md#known-chains can be read off. */
const layer = (id: string, parent?: Ref): LayerRef => ({
  kind: 'layer',
  id,
  layer: id,
  description: id,
  createdAt: 0,
  ...(parent && { parent }),
});
const A = layer('A');
const A2 = layer('A2', A);
const A3 = layer('A3', A2);
const B = layer('B');
const C = layer('C');

function keeper() {
  const kept = new Map<string, Ref>();
  return {
    load: (id: string) => kept.get(id),
    save(ref: Ref) {
      kept.set(ref.id, ref);
      return ref;
    },
  };
}
const keep = keeper();
const merge = (...inputs: (Ref | undefined)[]) =>
  composeMerge({ inputs: [] }, inputs, `merge ${inputs.map((input) => input?.id)}`, keep).outputs[0];
const diff = (lower: Ref | undefined, upper: Ref | undefined) =>
  composeDiff(
    { lower: { input: 0 }, upper: { input: 1 } },
    [lower, upper],
    `diff ${lower?.id} ${upper?.id}`,
    keep,
  ).outputs[0];
const exported = (ref: Ref | undefined) => (ref ? layersOf(ref).map((piece) => piece.id) : []);
const view = (ref: Ref | undefined) =>
  ref ? viewOf(ref).map(({ piece, form }) => (form === 'own' ? piece.id : `${piece.id}~`)) : [];

describe('layers that are exported', () => {
  const z = layer('z', merge(A, B));
  it.each([
    ['Merge(A2, B)', merge(A2, B), ['A', 'A2', 'B']],
    ['Merge(A, A)', merge(A, A), ['A', 'A']],
    ['Merge(A2, B).File(f)', layer('f', merge(A2, B)), ['A', 'A2', 'B', 'f']],
    ['Diff(A, A3)', diff(A, A3), ['A2', 'A3']],
    ['Diff(A2, A3)', diff(A2, A3), ['A3']],
    ['Diff(A3, A)', diff(A3, A), [diff(A3, A)!.id]],
    ['Diff(A, B)', diff(A, B), [diff(A, B)!.id]],
    ['Diff(A, scratch)', diff(A, undefined), [diff(A, undefined)!.id]],
    ['Merge(B, Diff(A, A3))', merge(B, diff(A, A3)), ['B', 'A2', 'A3']],
    ['Merge(A, Diff(A, B))', merge(A, diff(A, B)), ['A', diff(A, B)!.id]],
    [
      'Diff(Merge(A, B), Merge(A, B, C))',
      diff(merge(A, B), merge(A, B, C)),
      [diff(merge(A, B), merge(A, B, C))!.id],
    ],
    ['Diff(A, Merge(A, B).File(z))', diff(A, z), ['B', 'z']],
    ['Diff(scratch, A2)', diff(undefined, A2), ['A', 'A2']],
    ['Diff(A, A)', diff(A, A), []],
    ['Merge(Merge(A, B), C)', merge(merge(A, B), C), ['A', 'B', 'C']],
    ['Merge(A, Merge(B, C))', merge(A, merge(B, C)), ['A', 'B', 'C']],
    ['Merge(scratch, A)', merge(undefined, A), ['A']],
  ] as const)('%s', (_name, ref, layers) => {
    expect(exported(ref)).toEqual(layers);
  });
});

describe('folders of a view (~ is the movable form)', () => {
  it.each([
    ['A3', A3, ['A', 'A2', 'A3']],
    ['Merge(A2, B)', merge(A2, B), ['A', 'A2', 'B~']],
    ['Merge(A, Diff(A, A2))', merge(A, diff(A, A2)), ['A', 'A2']],
    ['Merge(B, Diff(A, A2))', merge(B, diff(A, A2)), ['B', 'A2~']],
    ['Diff(A, A2)', diff(A, A2), ['A2~']],
    ['Diff(A, A3)', diff(A, A3), ['A2~', 'A3~']],
    ['Merge(A, B).File(z)', layer('zz', merge(A, B)), ['A', 'B~', 'zz']],
    ['Merge(Merge(A, B).File(z), C)', merge(layer('zz', merge(A, B)), C), ['A', 'B~', 'zz~', 'C~']],
    ['Merge(A, A)', merge(A, A), ['A', 'A~']],
  ] as const)('%s', (_name, ref, parts) => {
    expect(view(ref)).toEqual(parts);
  });
});

describe('composed refs', () => {
  it('are known when the same inputs come again', () => {
    const own = keeper();
    const once = () => composeMerge({ inputs: [] }, [A, B], 'm', own);
    expect(once().known).toBe(false);
    expect(once().known).toBe(true);
    expect(once().outputs[0]).toBe(once().outputs[0]);
  });

  it('of nothing are no results, so that asking for one fails as in BuildKit', () => {
    expect(composeMerge({ inputs: [] }, [undefined, undefined], 'm', keep).outputs).toEqual([]);
  });

  it('a diff with an empty lower side takes its upper from the first op input', () => {
    const op = { lower: { input: -1 }, upper: { input: 0 } };
    expect(composeDiff(op, [A], 'd', keep).outputs).toEqual([A]);
  });

  it('a passthrough gives the inputs it names', () => {
    expect(composePassthrough({ id: 'p', outputs: [1, 0] }, [A, undefined]).outputs).toEqual([undefined, A]);
  });
});

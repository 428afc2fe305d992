import { describe, expect, it } from 'vitest';
import { originOf } from './origin.ts';
import type { DiffRef, LayerRef, MergeRef, Ref } from './ref.ts';

let serial = 0;
const common = () => ({ id: `id-${serial++}`, description: '', createdAt: serial });
const layer = (origin?: string): LayerRef => ({
  ...common(),
  kind: 'layer',
  layer: 'l',
  ...(origin !== undefined && { origin }),
});
const merge = (...parents: readonly Ref[]): MergeRef => ({ ...common(), kind: 'merge', parents });
const diff = (lower: Ref, upper?: Ref): DiffRef => ({
  ...common(),
  kind: 'diff',
  lower,
  ...(upper && { upper }),
});

describe('the origin of a ref', () => {
  it('is the same wherever the same was made', () => {
    const made = () => merge(layer('a/0'), diff(layer('b/0'), merge(layer('a/0'), layer('c/1'))));
    expect(originOf(made())).toBe(originOf(made()));
  });

  it('tells apart what was made otherwise', () => {
    const [a, b] = [layer('a/0'), layer('b/0')];
    const all = [
      a,
      b,
      layer('a/1'),
      merge(a, b),
      merge(b, a),
      merge(a, b, b),
      merge(merge(a, b), b),
      diff(a, b),
      diff(b, a),
      diff(a),
      diff(b),
    ];
    expect(new Set(all.map(originOf)).size).toBe(all.length);
  });

  it('is the id of what no key made', () => {
    const [first, second] = [layer(), layer()];
    expect(originOf(first)).toBe(first.id);
    expect(originOf(merge(first))).not.toBe(originOf(merge(second)));
  });

  it('is found for merges of any depth', () => {
    let ref: Ref = layer('a/0');
    for (let i = 0; i < 50_000; i++) ref = merge(ref, ref);
    expect(originOf(ref)).toMatch(/^merge-/);
  });
});

import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../layer/testing/layers.ts';
import type { LayerRef, Ref } from './ref.ts';
import { RefStore } from './ref-store.ts';

const { at, root } = temporaryStore();

const layer = (id: string, parent?: Ref): LayerRef => ({
  kind: 'layer',
  id,
  layer: `on-disk-${id}`,
  description: `made ${id}`,
  createdAt: 5,
  ...(parent && { parent }),
});

describe('RefStore', () => {
  it('gives back what was kept, one object per id', () => {
    const writer = new RefStore(at);
    const a = writer.save(layer('a'));
    const b = writer.save(layer('b', a));
    const merged = writer.save({ kind: 'merge', id: 'm', description: 'm', createdAt: 1, parents: [a, b] });
    const removed = writer.save({ kind: 'diff', id: 'd', description: 'd', createdAt: 1, lower: merged });
    const reader = new RefStore(at);
    expect(reader.load('d')).toEqual(removed);
    expect(reader.load('b')).toBe((reader.load('m') as Extract<Ref, { kind: 'merge' }>).parents[1]);
  });

  it('loads chains of any depth', () => {
    const writer = new RefStore(at);
    let top = writer.save(layer('deep-0'));
    for (let i = 1; i < 3_000; i++) top = writer.save(layer(`deep-${i}`, top));
    expect(new RefStore(at).load('deep-2999')?.id).toBe('deep-2999');
  });

  it('takes what is missing, broken or circular for not there', () => {
    const writer = new RefStore(at);
    const base = writer.save(layer('base'));
    writer.save(layer('top', base));
    fs.writeFileSync(`${root}/refs/base.json`, '{"version":1,"kind":"lay');
    expect(new RefStore(at).load('top')).toBeUndefined();
    expect(new RefStore(at).load('never')).toBeUndefined();
    const circle = (id: string, parent: string) =>
      fs.writeFileSync(
        `${root}/refs/${id}.json`,
        JSON.stringify({ version: 1, description: '', createdAt: 0, kind: 'layer', layer: 'x', parent }),
      );
    circle('x', 'y');
    circle('y', 'x');
    expect(new RefStore(at).load('x')).toBeUndefined();
  });
});

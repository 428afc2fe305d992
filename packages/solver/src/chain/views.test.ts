import fs from 'node:fs';
import v8 from 'node:v8';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { LayerStore } from '../layer/layer-store.ts';
import { layer, temporaryStore } from '../layer/testing/layers.ts';
import { composeMerge } from '../operation/compose.ts';
import { distinctLayersOf, type LayerRef, layersOf, type Ref, viewOf } from './ref.ts';
import { RefStore } from './ref-store.ts';
import { NO_PROVIDER, Views } from './views.ts';

const { store, at, root } = temporaryStore();
const views = () => new Views(store, NO_PROVIDER);

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

function memoryUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

async function layerRef(id: string, parent?: Ref): Promise<LayerRef> {
  await layer(store, id, [], (draft) => draft.writeFile('/f', Buffer.from(id), 0o644));
  return { kind: 'layer', id, layer: id, description: id, createdAt: 0, ...(parent && { parent }) };
}

const merge = (refs: readonly Ref[], keeper: RefStore) =>
  composeMerge({ inputs: [] }, refs, 'merge', keeper).outputs[0]!;

describe('Views', () => {
  it('take memory by the length of a chain, not by its square', async () => {
    const chain: Ref[] = [];
    for (let i = 0; i < 1_500; i++) chain.push(await layerRef(`chain-${i}`, chain.at(-1)));
    const all = views();
    const before = memoryUsed();
    for (const ref of chain) {
      await all.prepare(ref, UNSTOPPED);
      expect(all.treeOf(ref).lookup('/f')?.layer).toBe(ref.id);
    }
    const used = memoryUsed() - before;
    // 1,500 lists of up to 1,500 folders would be 9 MB by their pointers alone.
    expect(used).toBeLessThan(5 * 1024 * 1024);
  });

  it('see a state that was merged with itself forty times', async () => {
    const keeper = new RefStore(at);
    let ref: Ref = keeper.save(await layerRef('self'));
    for (let i = 0; i < 40; i++) ref = merge([ref, ref], keeper);
    const all = views();
    await all.prepare(ref, UNSTOPPED);
    expect(all.isAvailable(ref)).toBe(true);
    expect(all.foldersOf(ref).map(({ id }) => id)).toEqual(['self']);
    expect(all.exportTreeOf(ref).list('/')).toEqual(['f']);
    expect(distinctLayersOf(ref).map(({ id }) => id)).toEqual(['self']);
    expect(() => layersOf(ref)).toThrow('more than 1000000 layers');
  });
});

describe('a result that was made before', () => {
  it('is there only with all its layers, or with an image that has them', async () => {
    const keeper = new RefStore(at);
    const lower = keeper.save(await layerRef('kept-lower'));
    const upper = keeper.save(await layerRef('lost', lower));
    const ref = merge([lower, upper], keeper);
    expect(views().isAvailable(ref)).toBe(true);
    fs.rmSync(`${root}/layers/lost/own`, { recursive: true });
    const others = new LayerStore(at);
    const has = ({ id }: LayerRef) => id === 'lost';
    expect(new Views(others, NO_PROVIDER).isAvailable(ref)).toBe(false);
    expect(new Views(others, { ...NO_PROVIDER, has }).isAvailable(ref)).toBe(true);
  });
});

describe('a chain of merges', () => {
  it('is kept by what each adds, and seen as one flat merge', async () => {
    const keeper = new RefStore(at);
    const parts: Ref[] = [];
    for (let i = 0; i < 6; i++) parts.push(keeper.save(await layerRef(`part-${i}`)));
    let ref = merge(parts.slice(0, 2), keeper);
    for (const part of parts.slice(2)) ref = merge([ref, part], keeper);
    const flat = merge(parts, keeper);
    expect(ref.kind === 'merge' && ref.parents.length).toBe(2);
    expect(layersOf(ref)).toEqual(layersOf(flat));
    expect(viewOf(ref)).toEqual(viewOf(flat));
    expect(viewOf(ref).map(({ form }) => form)).toEqual(['own', ...Array(5).fill('movable')]);
  });

  it('shows a layer that is merged twice where it is applied last', async () => {
    const keeper = new RefStore(at);
    const [a, b] = [keeper.save(await layerRef('twice-a')), keeper.save(await layerRef('twice-b'))];
    const ref = merge([merge([a, b], keeper), merge([b, a], keeper)], keeper);
    expect(layersOf(ref).map(({ id }) => id)).toEqual(['twice-a', 'twice-b', 'twice-b', 'twice-a']);
    expect(viewOf(ref).map(({ piece, form }) => [piece.id, form])).toEqual([
      ['twice-a', 'own'],
      ['twice-b', 'movable'],
      ['twice-a', 'movable'],
    ]);
  });
});

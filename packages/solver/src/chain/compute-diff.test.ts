import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { isSameForDiff } from '../layer/sameness.ts';
import { dump, layer, temporaryStore } from '../layer/testing/layers.ts';
import { layerSteps, type Step, write } from '../layer/testing/random-layers.ts';
import { join } from '../name/bytes.ts';
import type { Tree } from '../tree/tree.ts';
import { ChainTree } from './chain-tree.ts';
import { computeDiff } from './compute-diff.ts';

const { store } = temporaryStore();
let serial = 0;
const fresh = () => `l${serial++}`;

/** Makes a chain and returns its layers, lowest → highest. */
async function build(layers: readonly (readonly Step[])[], below: readonly string[] = []): Promise<string[]> {
  const ids = [...below];
  for (const steps of layers)
    ids.push(await layer(store, fresh(), ids, (draft) => steps.forEach((one) => void write(draft, one))));
  return ids;
}

const treeOf = (ids: readonly string[]) =>
  new ChainTree(ids.map((id) => ({ id, path: store.path(id, 'own') })));

async function diff(lower: ChainTree, upper: ChainTree): Promise<string> {
  const staged = store.stageLayer();
  const id = fresh();
  store.adopt(staged, id, await computeDiff({ lower, upper }, staged.folder, { pacer: UNSTOPPED }));
  return id;
}

/** The paths where two whole trees differ, found by looking at everything. */
function differences(lower: Tree, upper: Tree, at = '/'): string[] {
  const all = [...new Set([...lower.list(at), ...upper.list(at)])].sort();
  return all.flatMap((name) => {
    const path = join(at, name);
    const [a, b] = [lower.lookup(path), upper.lookup(path)];
    const here = !a || !b || !isSameForDiff(a, b) ? [path] : [];
    const deeper =
      b?.stat.type === 'dir' ? differences(a?.stat.type === 'dir' ? lower : nothing, upper, path) : [];
    return [...here, ...deeper];
  });
}
const nothing: Tree = { lookup: () => undefined, list: () => [] };

describe('computeDiff', () => {
  it('finds what a walk over both whole trees finds, and leads from lower to upper', async () => {
    await fc.assert(
      fc.asyncProperty(layerSteps, layerSteps, layerSteps, async (common, left, right) => {
        const base = await build(common);
        const [lower, upper] = [await build(left, base), await build(right, base)];
        const id = await diff(treeOf(lower), treeOf(upper));
        expect(dump(treeOf([...lower, id]))).toEqual(dump(treeOf(upper)));
        // Every entry of the layer is a difference, or a directory on the way to one.
        const expected = differences(treeOf(lower), treeOf(upper));
        for (const path of dump(treeOf([id])).map((line) => line.slice(0, line.indexOf(' ')))) {
          expect(expected.some((one) => one === path || one.startsWith(`${path}/`))).toBe(true);
        }
        const empty = await diff(treeOf(upper), treeOf(upper));
        expect(dump(treeOf([empty]))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('looks only where the chains differ', async () => {
    const big = await layer(store, fresh(), [], (draft) => {
      draft.makeDirectory('/big', 0o755);
      for (let i = 0; i < 300; i++) draft.writeFile(`/big/f${i}`, Buffer.from('x'), 0o644);
    });
    const [one] = await build([[['file', '/one', 1]]]);
    const [two] = await build([[['file', '/two', 2]]]);
    let lookups = 0;
    class Counting extends ChainTree {
      override lookup(path: string) {
        lookups++;
        return super.lookup(path);
      }
    }
    const counted = (ids: string[]) => new Counting(ids.map((id) => ({ id, path: store.path(id, 'own') })));
    const id = await diff(counted([big, one!]), counted([big, two!]));
    expect(dump(treeOf([id]))).toEqual(['/two file 644 0:0 "2"']);
    expect(lookups).toBeLessThan(20);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ref } from '../chain/ref.ts';
import { NO_PROVIDER, Views } from '../chain/views.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { dump, temporaryStore } from '../layer/testing/layers.ts';
import { layerSteps, type Step, write } from '../layer/testing/random-layers.ts';
import { composeDiff, composeMerge } from './compose.ts';

const { store } = temporaryStore();
const views = new Views(store, NO_PROVIDER);

const kept = new Map<string, Ref>();
const keeper = {
  load: (id: string) => kept.get(id),
  save(ref: Ref) {
    kept.set(ref.id, ref);
    return ref;
  },
};
const merge = (...inputs: (Ref | undefined)[]) =>
  composeMerge({ inputs: [] }, inputs, `merge ${inputs.map((input) => input?.id)}`, keeper).outputs[0];
const diff = (lower: Ref | undefined, upper: Ref | undefined) =>
  composeDiff(
    { lower: { input: 0 }, upper: { input: 1 } },
    [lower, upper],
    `diff ${lower?.id} ${upper?.id}`,
    keeper,
  ).outputs[0];

/** One layer after the other, on `parent`. */
async function build(layers: readonly (readonly Step[])[], parent?: Ref): Promise<Ref> {
  let ref = parent;
  for (const steps of layers) {
    const id = store.newId();
    if (ref) await views.prepare(ref, UNSTOPPED);
    const draft = store.edit(ref && views.treeOf(ref), { uid: 0, gid: 0 }, UNSTOPPED);
    for (const step of steps) write(draft, step);
    await store.commit(draft, id);
    ref = { kind: 'layer', id, layer: id, description: id, createdAt: 0, ...(ref && { parent: ref }) };
  }
  return ref!;
}

async function tree(ref: Ref | undefined): Promise<readonly string[]> {
  await views.prepare(ref, UNSTOPPED);
  return dump(views.treeOf(ref));
}

/** Trees, and changes with their deletions. */
const parts = fc.tuple(layerSteps, layerSteps, layerSteps, layerSteps);
const runs = { numRuns: 40 };

describe('merges', () => {
  const law = (name: string, hold: (parts: readonly [Ref, Ref, Ref]) => Promise<void>) =>
    it(
      name,
      () =>
        fc.assert(
          fc.asyncProperty(parts, async ([base, a, b, c]) => {
            const root = await build(base);
            // A change of another tree brings whiteouts along.
            const changes = diff(root, await build(b, root))!;
            await hold([await build(a), changes, await build(c)]);
          }),
          runs,
        ),
      60_000,
    );

  law('are associative', async ([a, b, c]) => {
    const whole = await tree(merge(a, b, c));
    expect(await tree(merge(merge(a, b), c))).toEqual(whole);
    expect(await tree(merge(a, merge(b, c)))).toEqual(whole);
  });

  law('with nothing change nothing', async ([a]) => {
    expect(await tree(merge(undefined, a))).toEqual(await tree(a));
    expect(await tree(merge(a, undefined))).toEqual(await tree(a));
    expect(await tree(merge(a, a))).toEqual(await tree(a));
  });

  law('see only the last of equal parts', async ([a, b, c]) => {
    expect(await tree(merge(a, b, a))).toEqual(await tree(merge(b, a)));
    expect(await tree(merge(a, b, c, b))).toEqual(await tree(merge(a, c, b)));
  });

  law('of a tree and what leads to another are the other', async ([a, b, c]) => {
    expect(await tree(merge(a, diff(a, c)))).toEqual(await tree(c));
    const other = merge(a, b, c);
    expect(await tree(merge(a, diff(a, other)))).toEqual(await tree(other));
  });
});

import { SolveFailure } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../layer/draft.ts';
import { layer, temporaryStore } from '../layer/testing/layers.ts';
import { applyMerge, ghostsBelow } from './applied-merge.ts';
import type { LayerRef, ViewPart } from './ref.ts';

const { store } = temporaryStore();
let serial = 0;

/** A layer on `below`; directories are made as needed. */
async function make(below: readonly string[], ...actions: readonly string[]): Promise<string> {
  return layer(store, `l${serial++}`, below, (draft) => {
    for (const action of actions) act(draft, action);
  });
}

function act(draft: Draft, action: string): void {
  const [what, path, target] = action.split(' ') as [string, string, string?];
  if (what === 'rm') draft.remove(path);
  else if (what === 'link') draft.makeSymlink(path, target!);
  else if (what === 'file') draft.writeFile(path, Buffer.from(path), 0o644);
  else draft.makeDirectory(path, 0o755);
}

const part = (id: string, form: ViewPart['form']): ViewPart => {
  const piece: LayerRef = { kind: 'layer', id, layer: id, description: '', createdAt: 0 };
  return { piece, form };
};
const ghosts = (standing: readonly string[], moved: readonly string[]) => [
  ...applyMerge([...standing.map((id) => part(id, 'own')), ...moved.map((id) => part(id, 'movable'))], store),
];

describe('applyMerge', () => {
  it('finds a whiteout in a directory that replaced a file, if the name exists somewhere below', async () => {
    const base = await make([], 'dir /a', 'file /a/b', 'file /a/z');
    const file = await make([], 'file /a');
    const other = await make([], 'dir /a', 'file /a/b', 'file /a/c');
    const removed = await make([other], 'rm /a/b', 'file /a/q');
    expect(ghosts([base], [file, other, removed])).toEqual([['/a', 'b']]);
    // Without the file, the directory merges with the base's, and the kernel hides the whiteout.
    expect(ghosts([base], [other, removed])).toEqual([]);
    // A name that nothing below has leaves no whiteout.
    const elsewhere = await make([], 'dir /a', 'file /a/y');
    expect(ghosts([elsewhere], [file, other, removed])).toEqual([]);
    // A later layer that has the name again puts something real in its place.
    expect(ghosts([base], [file, other, removed, other])).toEqual([]);
  });

  it('names the first ghost of a directory', async () => {
    const base = await make([], 'dir /d', 'file /d/m', 'file /d/k');
    const file = await make([], 'file /d');
    const removed = await make([base], 'rm /d/m', 'rm /d/k');
    expect(ghosts([base], [file, base, removed])).toEqual([['/d', 'k']]);
  });

  it('fails where a file is on the way to what is deleted, but not right above it', async () => {
    const deep = await make([], 'dir /d', 'dir /d/e', 'file /d/e/f', 'file /d/x');
    const file = await make([], 'file /d');
    const below = await make([deep], 'rm /d/e/f');
    const beside = await make([deep], 'rm /d/x');
    expect(() => ghosts([file], [below])).toThrow(SolveFailure);
    expect(ghosts([file], [beside])).toEqual([]);
  });
});

describe('links in the layers', () => {
  // A circle; and a directory of this machine that lists a name which is gone when it is looked at.
  it.each(['a', '/proc/self', '/'])('lead no lookup to %s', async (target) => {
    const base = await make([], 'dir /a', 'dir /a/fd', 'file /a/fd/b', 'file /a/fd/z');
    const removed = await make([base], 'rm /a/fd/b');
    const linked = await make([], `link /a ${target}`);
    expect(ghosts([base], [linked, removed, linked])).toEqual([]);
    expect(ghosts([base], [removed, linked])).toEqual([]);
    expect([...ghostsBelow(new Map([['/a/fd', 'x']]), linked, store)]).toEqual([]);
  });
});

describe('ghostsBelow', () => {
  it('loses the ghosts of directories that the layer on top has too, or hides', async () => {
    const found = new Map([['/a/b', 'x']]);
    const touches = await make([], 'dir /a', 'dir /a/b', 'file /a/b/new');
    const beside = await make([], 'dir /a', 'file /a/c');
    const hides = await make([], 'file /a');
    expect([...ghostsBelow(found, touches, store)]).toEqual([]);
    expect([...ghostsBelow(found, beside, store)]).toEqual([['/a/b', 'x']]);
    expect([...ghostsBelow(found, hides, store)]).toEqual([]);
  });
});

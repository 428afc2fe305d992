import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { isAlike } from './alike.ts';
import type { Draft } from './draft.ts';
import { LayerStore } from './layer-store.ts';
import { chain, dump, layer, temporaryStore } from './testing/layers.ts';

const { store, at, root } = temporaryStore();

describe('LayerStore', () => {
  it('gives a layer to another process that opens the store', async () => {
    await layer(store, 'kept', [], (draft) => draft.writeFile('/f', Buffer.from('12345'), 0o640));
    const other = new LayerStore(at);
    expect(other.has('kept')).toBe(true);
    expect(other.record('kept')).toMatchObject({ id: 'kept', bytes: 5, hasMovable: false, sharedWith: [] });
    expect(dump(chain(other, ['kept']))).toEqual(['/f file 640 0:0 "12345"']);
  });

  it('keeps the first of two layers with one id', async () => {
    await layer(store, 'twice', [], (draft) => draft.writeFile('/f', Buffer.from('first'), 0o644));
    const other = new LayerStore(at);
    await layer(other, 'twice', [], (draft) => draft.writeFile('/f', Buffer.from('second'), 0o644));
    expect(dump(chain(store, ['twice']))).toEqual(['/f file 644 0:0 "first"']);
  });

  it('counts the bytes of what is in a layer at the end', async () => {
    await layer(store, 'bytes', [], (draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.writeFile('/d/gone', Buffer.alloc(1000), 0o644);
      draft.remove('/d');
      draft.writeFile('/f', Buffer.alloc(10), 0o644);
      draft.writeFile('/f', Buffer.alloc(7), 0o644);
      draft.makeHardlink('/g', '/f');
    });
    expect(store.record('bytes').bytes).toBe(7);
  });

  it('has no trace of what was removed and came again just as it was', async () => {
    await layer(store, 'before', [], (draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.writeFile('/d/f', Buffer.from('x'), 0o644);
      draft.setTimes('/d/f', 5n, 5n);
      draft.setTimes('/d', 5n, 5n);
    });
    await layer(store, 'again', ['before'], (draft) => {
      draft.remove('/d/f');
      draft.writeFile('/d/f', Buffer.from('x'), 0o644);
      draft.setTimes('/d/f', 5n, 5n);
      draft.setTimes('/d', 5n, 5n);
    });
    expect(dump(chain(store, ['again']))).toEqual([]);
    expect(store.record('again').whiteoutHolders).toEqual([]);
  });

  it('leaves nothing of a draft that was thrown away', () => {
    const draft = store.edit(undefined, { uid: 0, gid: 0 }, UNSTOPPED);
    draft.writeFile('/f', Buffer.from('x'), 0o644);
    store.discard(draft);
    expect(fs.existsSync(draft.upper)).toBe(false);
  });

  it.each([
    ['no record', 'layer.json'],
    ['no folder', 'own'],
  ])('takes a layer with %s for missing, and puts the next one in its place', async (_, part) => {
    const write = (draft: Draft) => draft.writeFile('/f', Buffer.from('x'), 0o644);
    await layer(store, 'damaged', [], write);
    fs.rmSync(`${root}/layers/damaged/${part}`, { recursive: true });
    const other = new LayerStore(at);
    expect(other.has('damaged')).toBe(false);
    await layer(other, 'damaged', [], write);
    expect(dump(chain(other, ['damaged']))).toEqual(['/f file 644 0:0 "x"']);
  });

  it.each(['', 'null', '[]', '7', '{"version":2}', '{"version":1,"id":"cut"', '\0\0\0'])(
    'takes a record of %j for missing',
    async (text) => {
      await layer(store, 'cut', [], (draft) => draft.writeFile('/f', Buffer.from('x'), 0o644));
      fs.writeFileSync(`${root}/layers/cut/layer.json`, text);
      expect(new LayerStore(at).has('cut')).toBe(false);
    },
  );
});

describe('layers that are made again', () => {
  const time = 1_000_000_000_000_000_000n;
  const write =
    (content: string, linked = false) =>
    (draft: Draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.writeFile('/d/f', Buffer.from(content), 0o644);
      if (linked) draft.makeHardlink('/d/g', '/d/f');
      else draft.writeFile('/d/g', Buffer.from(content), 0o644);
      for (const path of ['/d/f', '/d/g', '/d']) draft.setTimes(path, time, time);
    };

  const made = (actions: (draft: Draft) => void) => {
    const draft = store.edit(undefined, { uid: 0, gid: 0 }, UNSTOPPED);
    actions(draft);
    return store.commitAnew(draft);
  };

  it('are stored once', async () => {
    const first = await made(write('same'));
    expect(await made(write('same'))).toBe(first);
    expect(await made(write('SAME'))).not.toBe(first);
  });

  it('are told apart by hard links', async () => {
    const linked = await made(write('x', true));
    const apart = await made(write('x'));
    expect(isAlike(store.path(linked, 'own'), store.path(apart, 'own'))).toBe(false);
    expect(isAlike(store.path(apart, 'own'), store.path(linked, 'own'))).toBe(false);
    expect(isAlike(store.path(apart, 'own'), store.path(apart, 'own'))).toBe(true);
  });

  it('are not looked for where something has the time of the build', async () => {
    const now = (draft: Draft) => draft.writeFile('/f', Buffer.from('now'), 0o644);
    expect(await made(now)).not.toBe(await made(now));
  });
});

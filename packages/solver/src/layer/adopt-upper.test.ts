import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isInUserNamespace } from '../host/in-user-namespace.ts';
import { getXattr, setXattr } from '../host/syscalls.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { chain, layer, temporaryStore } from './testing/layers.ts';
import { isOverlayXattr } from './whiteout.ts';

const { store } = temporaryStore();

describe('what a process left in an upper folder', () => {
  it.each(['redirect', 'metacopy', 'opaque'])('may have user.overlay.%s', async (mark) => {
    const staged = store.stageLayer();
    fs.mkdirSync(`${staged.folder}/d`);
    setXattr(`${staged.folder}/d`, `user.overlay.${mark}`, Buffer.from('y'));
    await store.commit(await store.draftOf(staged, undefined, UNSTOPPED), `marked-${mark}`);
    const kept = getXattr(`${store.path(`marked-${mark}`, 'own')}/d`, `user.overlay.${mark}`);
    expect(kept?.toString()).toBe(isInUserNamespace() ? undefined : 'y');
  });

  it('keeps both names of a file of the base, of which a diff has the new one', async () => {
    await layer(store, 'base', [], (draft) => draft.writeFile('/f', Buffer.from('f'), 0o644));
    const original = `${store.path('base', 'own')}/f`;
    const { atimeNs, mtimeNs } = fs.statSync(original, { bigint: true });
    // As the kernel does it: copied up, then linked.
    const draft = store.edit(chain(store, ['base']), { uid: 0, gid: 0 }, UNSTOPPED);
    draft.makeHardlink('/g', '/f');
    draft.setTimes('/f', atimeNs, mtimeNs);
    await store.commit(draft, 'linked');
    const own = chain(store, ['base', 'linked']);
    expect(own.lookup('/f')?.stat.ino).toBe(own.lookup('/g')?.stat.ino);
    expect(own.lookup('/f')?.source).toBe('linked');
    expect(chain(store, ['linked'], 'movable').list('/')).toEqual(['g']);
  });

  it('parts the names of a pipe where the layer moves', async () => {
    await layer(store, 'pipes', [], (draft) => {
      draft.makeNode('/p', 'fifo', 0o600, 0, 0);
      draft.makeHardlink('/q', '/p');
    });
    const inodes = (form: 'own' | 'movable') =>
      ['/p', '/q'].map((name) => chain(store, ['pipes'], form).lookup(name)!.stat.ino);
    expect(new Set(inodes('own')).size).toBe(1);
    expect(new Set(inodes('movable')).size).toBe(2);
  });
});

it('reads marks of users only where the kernel does', () => {
  expect(isOverlayXattr('user.overlay.opaque', true)).toBe(true);
  expect(isOverlayXattr('user.overlay.opaque', false)).toBe(false);
  expect(isOverlayXattr('trusted.overlay.opaque', false)).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { canMount, chain, dump, layer, temporaryStore, withOverlay } from '../layer/testing/layers.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { ChainTree } from './chain-tree.ts';
import { mountableFolders } from './mountable.ts';

const { store } = temporaryStore();
const folderOf = (id: string) => ({ id, path: store.path(id, 'own') });

describe('mountableFolders', () => {
  it('squashes the lowest layers of a chain that is too long for one mount', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 620; i++) {
      const name = `l${i}`;
      // Each removes what the one before it made, but for every hundredth.
      const write = (draft: Parameters<Parameters<typeof layer>[3]>[0]) => {
        draft.writeFile(`/f${i}`, Buffer.from(`${i}`), 0o644);
        if (i % 100 !== 1) draft.remove(`/f${i - 1}`);
      };
      ids.push(await layer(store, name, ids.slice(-1), write));
    }
    const folders = await mountableFolders(store, ids.map(folderOf), UNSTOPPED);
    expect(folders.length).toBe(221);
    expect(dump(new ChainTree(folders))).toEqual(dump(chain(store, ids)));
    expect(dump(chain(store, ids)).map((line) => line.split(' ')[0])).toEqual(
      ['/f0', '/f100', '/f200', '/f300', '/f400', '/f500', '/f600', '/f619'].sort(),
    );
    expect(await mountableFolders(store, ids.map(folderOf), UNSTOPPED)).toEqual(folders);
  }, 60_000);

  it.runIf(canMount())('tells apart layers that share inodes, and only those', async () => {
    const base = await layer(store, 'shared-base', [], (draft) => {
      draft.writeFile('/a', Buffer.from('a'), 0o644);
      draft.makeHardlink('/b', '/a');
    });
    const copy = await layer(store, 'shared-copy', [], (draft) =>
      draft.shareFile('/c', chain(store, [base]).lookup('/a')!),
    );
    const alone = await mountableFolders(store, [folderOf(copy)], UNSTOPPED);
    expect(alone).toEqual([folderOf(copy)]);
    const folders = await mountableFolders(store, [folderOf(base), folderOf(copy)], UNSTOPPED);
    withOverlay(
      folders.map(({ path }) => path),
      undefined,
      (merged) => {
        const tree = new FolderTree(merged);
        const inode = (path: string) => tree.lookup(path)!.stat.ino;
        expect(inode('/a')).toBe(inode('/b'));
        expect(inode('/c')).not.toBe(inode('/a'));
        expect(dump(tree)).toEqual(dump(chain(store, [base, copy])));
      },
    );
  });
});

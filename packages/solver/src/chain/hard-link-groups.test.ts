import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { chain, layer, temporaryStore } from '../layer/testing/layers.ts';
import { ChainTree } from './chain-tree.ts';
import { computeDiff } from './compute-diff.ts';
import { withInodeOwners } from './hard-link-groups.ts';

const { store } = temporaryStore();
const folderOf = (id: string) => ({ id, path: store.path(id, 'own') });

describe('withInodeOwners', () => {
  it('keeps a hard link between a layer and a diff computed from it, and none to a copy', async () => {
    const links = await layer(store, 'links', [], (draft) => {
      draft.writeFile('/a', Buffer.from('x'), 0o644);
      draft.makeHardlink('/b', '/a');
    });
    const changed = await layer(store, 'changed', [links], (draft) =>
      draft.writeFile('/a', Buffer.from('y'), 0o644),
    );
    const copy = await layer(store, 'copy', [], (draft) =>
      draft.shareFile('/c', chain(store, [links]).lookup('/a')!),
    );
    const staged = store.stageLayer();
    const made = await computeDiff(
      { lower: chain(store, [links, changed]), upper: chain(store, [links]) },
      staged.folder,
      { pacer: UNSTOPPED },
    );
    store.adopt(staged, 'diff', made);

    const tree = new ChainTree(withInodeOwners([folderOf(links), folderOf(copy), folderOf('diff')], store));
    const identity = (path: string) => {
      const { stat, source } = tree.lookup(path)!;
      return `${source}:${stat.ino}`;
    };
    // The diff has only /a; /b comes from the layer below.
    expect(tree.lookup('/a')?.layer).toBe('diff');
    expect(tree.lookup('/b')?.layer).toBe('links');
    expect(identity('/a')).toBe(identity('/b'));
    expect(tree.lookup('/c')?.stat.ino).toBe(tree.lookup('/a')?.stat.ino);
    expect(identity('/c')).not.toBe(identity('/a'));
  });
});

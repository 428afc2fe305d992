/** The contract of all snapshotters; a test of one is `describeSnapshotter(name, make)`. */

import fs from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ChainTree } from '../chain/chain-tree.ts';
import { mknod, setXattr } from '../host/syscalls.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { chain, dump, layer, temporaryStore } from '../layer/testing/layers.ts';
import { layerSteps, write } from '../layer/testing/random-layers.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import type { SnapshotPlaces, Snapshotter } from './snapshotter.ts';

export function describeSnapshotter(name: string, make: (places: SnapshotPlaces) => Snapshotter): void {
  describe(`snapshotter ${name}`, () => {
    let store: LayerStore;
    let snapshotter: Snapshotter;
    let places: SnapshotPlaces;
    let serial = 0;

    beforeAll(async () => {
      const temporary = temporaryStore();
      ({ store } = temporary);
      places = { mounts: `${temporary.root}/mounts`, work: `${temporary.root}/work` };
      fs.mkdirSync(places.mounts);
      fs.mkdirSync(places.work);
      snapshotter = make(places);
      await layer(store, 'base', [], (draft) => {
        draft.makeDirectory('/d', 0o750);
        draft.writeFile('/d/a', Buffer.from('a'), 0o644);
        draft.writeFile('/d/b', Buffer.from('b'), 0o644);
        draft.makeDirectory('/d/e', 0o755);
        draft.writeFile('/d/e/x', Buffer.from('x'), 0o644);
        draft.writeFile('/f', Buffer.from('f'), 0o600);
        draft.makeHardlink('/g', '/f');
        draft.makeSymlink('/l', 'd/a');
        draft.makeNode('/p', 'fifo', 0o640, 0, 0);
        draft.setOwner('/d/b', 7, 8);
        draft.setTimes('/d/a', 1_000_000_000_000_000_001n, 1_000_000_000_000_000_002n);
      });
      await layer(store, 'next', ['base'], (draft) => {
        draft.remove('/d/e');
        draft.writeFile('/n', Buffer.from('n'), 0o644);
      });
    });

    const ids = ['base', 'next'] as const;
    const folders = (...of: readonly string[]) => of.map((id) => store.path(id, 'own'));

    it('shows a chain as the store sees it', async () => {
      const view = await snapshotter.view(folders(...ids), UNSTOPPED);
      expect(dump(new FolderTree(view.path), { times: true })).toEqual(
        dump(chain(store, ids), { times: true }),
      );
      view.release();
    });

    it('shows any chain as the store sees it', async () => {
      await fc.assert(
        fc.asyncProperty(layerSteps, async (layers) => {
          const made: string[] = [];
          for (const steps of layers) {
            const id = store.newId();
            made.push(
              await layer(store, id, made, (draft) => steps.forEach((step) => void write(draft, step))),
            );
          }
          const view = await snapshotter.view(folders(...made), UNSTOPPED);
          expect(dump(new FolderTree(view.path))).toEqual(dump(chain(store, made)));
          view.release();
        }),
        { numRuns: 30 },
      );
    });

    it('hides the whiteouts of a layer that is alone', async () => {
      const view = await snapshotter.view(folders('next'), UNSTOPPED);
      expect(fs.readdirSync(view.path).sort()).toEqual(['d', 'n']);
      expect(fs.readdirSync(`${view.path}/d`)).toEqual([]);
      view.release();
      const workspace = await snapshotter.edit(folders('next'), {
        upper: store.stageLayer().folder,
        pacer: UNSTOPPED,
      });
      expect(fs.readdirSync(`${workspace.path}/d`)).toEqual([]);
      workspace.release();
    });

    it('shows an empty tree when there are no folders', async () => {
      const view = await snapshotter.view([], UNSTOPPED);
      expect(fs.readdirSync(view.path)).toEqual([]);
      view.release();
    });

    it('leaves nothing behind', async () => {
      await snapshotter.settled();
      const before = [fs.readdirSync(places.work), fs.readdirSync(places.mounts)];
      (await snapshotter.view(folders(...ids), UNSTOPPED)).release();
      (
        await snapshotter.edit(folders(...ids), { upper: store.stageLayer().folder, pacer: UNSTOPPED })
      ).release();
      await snapshotter.settled();
      expect([fs.readdirSync(places.work), fs.readdirSync(places.mounts)]).toEqual(before);
    });

    it('never lets a process write into a layer', async () => {
      const workspace = await snapshotter.edit(folders(...ids), {
        upper: store.stageLayer().folder,
        pacer: UNSTOPPED,
      });
      fs.writeFileSync(`${workspace.path}/f`, 'other');
      fs.chmodSync(`${workspace.path}/d`, 0o700);
      workspace.release();
      expect(fs.readFileSync(`${store.path('base', 'own')}/f`, 'utf8')).toBe('f');
      expect(fs.statSync(`${store.path('base', 'own')}/d`).mode & 0o777).toBe(0o750);
    });

    it('parts hard links of a layer when one name is written to', async () => {
      const workspace = await snapshotter.edit(folders(...ids), {
        upper: store.stageLayer().folder,
        pacer: UNSTOPPED,
      });
      fs.appendFileSync(`${workspace.path}/f`, '+');
      expect(fs.readFileSync(`${workspace.path}/g`, 'utf8')).toBe('f');
      workspace.release();
    });

    it('is the upper folder itself when nothing lies below', async () => {
      const { folder } = store.stageLayer();
      const workspace = await snapshotter.edit([], { upper: folder, pacer: UNSTOPPED });
      fs.writeFileSync(`${workspace.path}/x`, '');
      await workspace.capture();
      workspace.release();
      expect(fs.readdirSync(folder)).toEqual(['x']);
    });

    it('captures nothing when nothing was done', async () => {
      const { folder } = store.stageLayer();
      const workspace = await snapshotter.edit(folders(...ids), { upper: folder, pacer: UNSTOPPED });
      await workspace.capture();
      workspace.release();
      expect(fs.readdirSync(folder)).toEqual([]);
    });

    const changes: Readonly<Record<string, (root: string) => void>> = {
      'a new file in a directory of a layer': (root) => fs.writeFileSync(`${root}/d/new`, '1'),
      'other content': (root) => fs.writeFileSync(`${root}/d/a`, 'other'),
      'another mode': (root) => fs.chmodSync(`${root}/f`, 0o640),
      'another owner of a directory': (root) => fs.chownSync(`${root}/d`, 5, 6),
      'a time': (root) => fs.utimesSync(`${root}/d/b`, 1, 2),
      'an xattr': (root) => setXattr(`${root}/n`, 'user.x', Buffer.from('1')),
      'a removed file': (root) => fs.unlinkSync(`${root}/d/a`),
      'a removed name of a file with two': (root) => fs.unlinkSync(`${root}/g`),
      'a removed directory': (root) => fs.rmSync(`${root}/d`, { recursive: true }),
      'a directory made again': (root) => {
        fs.rmSync(`${root}/d`, { recursive: true });
        fs.mkdirSync(`${root}/d`);
        fs.writeFileSync(`${root}/d/b`, 'other');
      },
      'a file in place of a directory': (root) => {
        fs.rmSync(`${root}/d`, { recursive: true });
        fs.writeFileSync(`${root}/d`, 'file');
      },
      'a directory in place of a file': (root) => {
        fs.unlinkSync(`${root}/f`);
        fs.mkdirSync(`${root}/f`);
        fs.writeFileSync(`${root}/f/inside`, '');
      },
      'a renamed file': (root) => fs.renameSync(`${root}/d/a`, `${root}/moved`),
      'a file renamed over another': (root) => fs.renameSync(`${root}/d/a`, `${root}/d/b`),
      'hard links': (root) => {
        fs.writeFileSync(`${root}/one`, '1');
        fs.linkSync(`${root}/one`, `${root}/d/two`);
        fs.linkSync(`${root}/n`, `${root}/n2`);
      },
      'links, pipes, deep new directories': (root) => {
        fs.symlinkSync('nowhere', `${root}/d/link`);
        mknod(`${root}/pipe`, 'fifo', 0o600);
        fs.mkdirSync(`${root}/x/y/z`, { recursive: true });
        fs.writeFileSync(Buffer.from(`${root}/x/y/caf\xe9`, 'latin1'), '');
      },
    };
    for (const [what, change] of Object.entries(changes)) {
      it(`captures ${what}`, async () => {
        const staged = store.stageLayer();
        const workspace = await snapshotter.edit(folders(...ids), { upper: staged.folder, pacer: UNSTOPPED });
        change(workspace.path);
        const seen = dump(new FolderTree(workspace.path), { times: true });
        await workspace.capture();
        workspace.release();
        const id = `${name}-${serial++}`;
        await store.commit(await store.draftOf(staged, chain(store, ids), UNSTOPPED), id);
        const tree = new ChainTree([...ids, id].map((of) => ({ id: of, path: store.path(of, 'own') })));
        expect(dump(tree, { times: true })).toEqual(seen);
      });
    }
  });
}

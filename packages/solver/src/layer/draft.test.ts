import fs from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lstat, readdir } from '../host/files.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import type { Draft } from './draft.ts';
import { canMount, chain, dump, layer, temporaryStore, withOverlay } from './testing/layers.ts';

const { store } = temporaryStore();
const text = (content: string) => Buffer.from(content);
let serial = 0;
const fresh = () => `layer-${serial++}`;

describe('Draft', () => {
  it('shows the base with the changes on top, and the layer alone shows no mark', async () => {
    const base = await layer(store, fresh(), [], (draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.writeFile('/d/a', text('a'), 0o644);
      draft.writeFile('/d/b', text('b'), 0o644);
    });
    const top = await layer(store, fresh(), [base], (draft) => {
      draft.remove('/d/a');
      draft.writeFile('/d/c', text('c'), 0o600);
      expect(draft.list('/d')).toEqual(['b', 'c']);
      expect(draft.lookup('/d/a')).toBeUndefined();
    });
    expect(dump(chain(store, [base, top]))).toEqual([
      '/d dir 755 0:0',
      '/d/b file 644 0:0 "b"',
      '/d/c file 600 0:0 "c"',
    ]);
    expect(dump(chain(store, [top]))).toEqual(['/d dir 755 0:0', '/d/c file 600 0:0 "c"']);
  });

  it('spells out a directory that was removed and made again', async () => {
    const base = await layer(store, fresh(), [], (draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.makeDirectory('/d/sub', 0o755);
      draft.writeFile('/d/sub/x', text('x'), 0o644);
      draft.writeFile('/d/y', text('y'), 0o644);
    });
    const top = await layer(store, fresh(), [base], (draft) => {
      draft.remove('/d');
      draft.makeDirectory('/d', 0o711);
      draft.makeDirectory('/d/sub', 0o755);
      expect(draft.list('/d/sub')).toEqual([]);
    });
    expect(dump(chain(store, [base, top]))).toEqual(['/d dir 711 0:0', '/d/sub dir 755 0:0']);
    // On another base, only the names that the first base had are gone.
    const other = await layer(store, fresh(), [], (draft) => {
      draft.makeDirectory('/d', 0o755);
      draft.writeFile('/d/y', text('y'), 0o644);
      draft.writeFile('/d/z', text('z'), 0o644);
    });
    expect(dump(chain(store, [other, top]))).toEqual([
      '/d dir 711 0:0',
      '/d/sub dir 755 0:0',
      '/d/z file 644 0:0 "z"',
    ]);
  });

  it('keeps a second form where a diff passes over what the tree shows', async () => {
    const time = 1_000_000_000_000_000_001n;
    const base = await layer(store, fresh(), [], (draft) => {
      draft.writeFile('/same-time', text('old'), 0o644);
      draft.setTimes('/same-time', time, time);
      draft.writeFile('/other', text('o'), 0o644);
    });
    const top = await layer(store, fresh(), [base], (draft) => {
      draft.writeFile('/same-time', text('new'), 0o644);
      draft.setTimes('/same-time', time, time);
      draft.writeFile('/other', text('changed'), 0o644);
    });
    expect(dump(chain(store, [base, top]))).toContain('/same-time file 644 0:0 "new"');
    expect(dump(chain(store, [top], 'movable'))).toEqual(['/other file 644 0:0 "changed"']);
  });

  it('drops what turned out unchanged and leaves the times of directories alone', async () => {
    const time = 1_000_000_000_000_000_000n;
    const base = await layer(store, fresh(), [], (draft) => {
      draft.makeDirectory('/etc', 0o755);
      draft.writeFile('/etc/hosts', text('x'), 0o644);
      for (const path of ['/etc/hosts', '/etc']) draft.setTimes(path, time, time);
    });
    const top = await layer(store, fresh(), [base], (draft) => {
      draft.setTimes('/etc/hosts', time, time);
      draft.setTimes('/etc', time, time);
    });
    expect(dump(chain(store, [top]))).toEqual([]);
    expect(dump(chain(store, [base, top]), { times: true })[0]).toBe(`/etc dir 755 0:0 @${time}`);
  });

  it('shares an inode once, so that two copies are not taken for hard links', async () => {
    const base = await layer(store, fresh(), [], (draft) => draft.writeFile('/a', text('a'), 0o644));
    const tree = chain(store, [base]);
    const id = await layer(store, fresh(), [], (draft) => {
      draft.shareFile('/one', tree.lookup('/a')!);
      draft.shareFile('/two', tree.lookup('/a')!);
    });
    const copy = chain(store, [id]);
    expect(copy.lookup('/one')!.stat.ino).toBe(tree.lookup('/a')!.stat.ino);
    expect(copy.lookup('/two')!.stat.ino).not.toBe(tree.lookup('/a')!.stat.ino);
    expect(store.record(id).sharedWith).toEqual([base]);
  });

  it('fails like fs does', async () => {
    const draft = store.edit(undefined, { uid: 0, gid: 0 }, UNSTOPPED);
    draft.makeDirectory('/d', 0o755);
    draft.writeFile('/f', text(''), 0o644);
    const code = (action: () => void) => {
      try {
        action();
        return 'fine';
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    expect(code(() => draft.makeDirectory('/d', 0o755))).toBe('EEXIST');
    expect(code(() => draft.makeDirectory('/no/d', 0o755))).toBe('ENOENT');
    expect(code(() => draft.makeDirectory('/f/d', 0o755))).toBe('ENOTDIR');
    expect(code(() => draft.writeFile('/d', text(''), 0o644))).toBe('EISDIR');
    expect(code(() => draft.setMode('/no', 0o644))).toBe('ENOENT');
    store.discard(draft);
  });
});

/** One change, as a draft does it and as a process does it on a mounted overlay. */
interface Change {
  readonly what: 'mkdir' | 'file' | 'remove' | 'link' | 'chmod';
  readonly path: string;
}
const paths = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/p', '/a/x/q', '/b/x/p'];
const changes = fc.array(
  fc.record({
    what: fc.constantFrom('mkdir', 'file', 'remove', 'link', 'chmod'),
    path: fc.constantFrom(...paths),
  }) as fc.Arbitrary<Change>,
  { maxLength: 14 },
);

function applyToDraft(draft: Draft, { what, path }: Change, n: number): void {
  try {
    if (what === 'mkdir') draft.makeDirectory(path, 0o755);
    else if (what === 'remove') draft.remove(path);
    else if (what === 'link') draft.makeSymlink(path, `t${n}`);
    else if (what === 'chmod') {
      if (draft.lookup(path)?.stat.type !== 'symlink') draft.setMode(path, 0o700 + (n % 8));
    } else if (draft.lookup(path)?.stat.type !== 'symlink')
      draft.writeFile(path, text(`content ${n}`), 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function applyToFolder(root: string, { what, path }: Change, n: number): void {
  const at = root + path;
  const parent = lstat(at.slice(0, at.lastIndexOf('/')));
  if (parent?.type !== 'dir') return;
  const there = lstat(at);
  try {
    if (what === 'mkdir') fs.mkdirSync(at, 0o755);
    else if (what === 'remove') fs.rmSync(at, { recursive: true, force: true });
    else if (what === 'link') fs.symlinkSync(`t${n}`, at);
    else if (what === 'chmod') {
      if (there && there.type !== 'symlink') fs.chmodSync(at, 0o700 + (n % 8));
    } else if (there?.type !== 'symlink' && there?.type !== 'dir') {
      fs.rmSync(at, { force: true });
      fs.writeFileSync(at, `content ${n}`, { mode: 0o644 });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function whiteouts(folder: string, at = ''): string[] {
  return readdir(folder).flatMap((name) => {
    const stat = lstat(`${folder}/${name}`)!;
    if (stat.type === 'dir') return whiteouts(`${folder}/${name}`, `${at}/${name}`);
    return stat.type === 'char' ? [`${at}/${name}`] : [];
  });
}

describe.runIf(canMount())('Draft beside the kernel', () => {
  it('gives the tree that overlayfs gives for the same changes, in a chain and moved', async () => {
    await fc.assert(
      fc.asyncProperty(changes, changes, changes, async (first, second, third) => {
        const base = await layer(store, fresh(), [], (draft) =>
          first.forEach((change, n) => void applyToDraft(draft, change, n)),
        );
        const next = await layer(store, fresh(), [base], (draft) =>
          second.forEach((change, n) => void applyToDraft(draft, change, n + 50)),
        );
        const stage = store.stage();
        const upper = `${stage}/upper`;
        fs.mkdirSync(upper, 0o755);
        withOverlay([store.path(base, 'own')], upper, (merged) => {
          second.forEach((change, n) => void applyToFolder(merged, change, n + 50));
          expect(dump(chain(store, [base, next]))).toEqual(dump(new FolderTree(merged)));
        });
        const staged = store.stageLayer();
        withOverlay([store.path(base, 'own')], staged.folder, (merged) => {
          second.forEach((change, n) => void applyToFolder(merged, change, n + 50));
        });
        const draft = await store.draftOf(staged, chain(store, [base]), UNSTOPPED);
        const written = fresh();
        await store.commit(draft, written);
        // A process that writes on a mount and a file action make the same layer.
        expect(dump(chain(store, [base, written]))).toEqual(dump(chain(store, [base, next])));
        expect(dump(chain(store, [written], 'movable'))).toEqual(dump(chain(store, [next], 'movable')));
        expect(whiteouts(store.path(written, 'movable'))).toEqual(whiteouts(store.path(next, 'movable')));
        const other = await layer(store, fresh(), [], (draft) =>
          third.forEach((change, n) => void applyToDraft(draft, change, n + 99)),
        );
        // A layer on any base, alone, and on top of itself is what overlayfs makes of its folder.
        for (const ids of [[other, next], [next], [base, other, next]]) {
          const folders = ids.map((id) => store.path(id, 'movable'));
          withOverlay(folders, undefined, (merged) => {
            expect(dump(chain(store, ids, 'movable'))).toEqual(dump(new FolderTree(merged)));
          });
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

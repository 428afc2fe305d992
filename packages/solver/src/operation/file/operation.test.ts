import type { ChownOpt, FileAction, FileActionCopy, FileOp } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import type { LayerRef, Ref } from '../../chain/ref.ts';
import { asFailure } from '../../error/error.ts';
import { UNSTOPPED } from '../../host/testing/this-process.ts';
import { Draft } from '../../layer/draft.ts';
import { type Listing, listingOf, newFolder, treeOf } from '../../tree/testing/folder.ts';
import type { Tree } from '../../tree/tree.ts';
import type { Workbench } from '../../work/operation.ts';
import { fileOperation } from './file-operation.ts';
import { findOwner } from './owner.ts';
import { copyOf, mkdirOf, mkfileOf } from './testing/drafts.ts';

/** A workbench that keeps trees in memory and remembers what was committed and thrown away. */
class Bench implements Workbench {
  readonly signal = new AbortController().signal;
  readonly trees = new Map<string, Tree>();
  readonly log: string[] = [];
  #open = 0;

  input(id: string, listing: Listing): Ref {
    this.trees.set(id, treeOf(listing));
    return { kind: 'layer', id, layer: id, description: '', createdAt: 0 };
  }

  get openDrafts(): number {
    return this.#open;
  }

  view(ref: Ref | undefined): Tree {
    return (ref && this.trees.get(ref.id)) ?? treeOf({});
  }

  edit(base: Ref | undefined): Draft {
    this.#open++;
    return new Draft({ base: base && this.view(base), upper: newFolder(), pacer: UNSTOPPED });
  }

  async commit(draft: Draft, description: string): Promise<LayerRef> {
    this.#open--;
    const id = `out${this.trees.size}`;
    this.log.push(`commit ${description}`);
    this.trees.set(id, draft);
    return { kind: 'layer', id, layer: id, description, createdAt: 0 };
  }

  discard(): void {
    this.#open--;
  }

  async pause(): Promise<void> {}
  report(): void {}

  blame = asFailure;
}

const at = (
  input: number,
  secondaryInput: number,
  output: number,
  action?: FileAction['action'],
): FileAction => ({
  input,
  secondaryInput,
  output,
  ...(action && { action }),
});
const mkfile = (path: string, text = path) =>
  ({ kind: 'mkfile', ...mkfileOf(path, { data: Buffer.from(text) }) }) as const;
const mkdir = (path: string) => ({ kind: 'mkdir', ...mkdirOf(path) }) as const;
const copy = (src: string, dest: string, more: Partial<FileActionCopy> = {}) =>
  ({ kind: 'copy', ...copyOf(src, dest, more) }) as const;

async function solve(
  bench: Bench,
  inputs: readonly (Ref | undefined)[],
  ...actions: FileAction[]
): Promise<Listing[]> {
  const outputs = await fileOperation({ actions }, inputs.length, 'the name').run(inputs, bench);
  return outputs.map((ref) => listingOf(bench.view(ref)));
}

describe('the graph of actions', () => {
  it('writes a chain of actions into one layer', async () => {
    const bench = new Bench();
    const outputs = await solve(
      bench,
      [],
      at(-1, -1, -1, mkdir('/d')),
      at(0, -1, -1, mkfile('/d/a')),
      at(1, -1, 0, mkfile('/b')),
    );
    expect(outputs).toEqual([{ '/b': 'file 644 /b', '/d': 'dir 755', '/d/a': 'file 644 /d/a' }]);
    expect(bench.log).toEqual(['commit the name']);
    expect(bench.openDrafts).toBe(0);
  });

  it('makes a layer of what is used twice, and gives several outputs in their order', async () => {
    const bench = new Bench();
    const input = bench.input('in', { '/i': 'file 600 i' });
    const outputs = await solve(
      bench,
      [input],
      at(0, -1, -1, mkfile('/a')),
      at(1, -1, 1, mkfile('/b')),
      at(1, -1, 0, mkfile('/c')),
    );
    expect(outputs).toEqual([
      { '/a': 'file 644 /a', '/c': 'file 644 /c', '/i': 'file 600 i' },
      { '/a': 'file 644 /a', '/b': 'file 644 /b', '/i': 'file 600 i' },
    ]);
    expect(bench.log).toHaveLength(3);
  });

  it('copies from an action that is used for nothing else without making it a layer', async () => {
    const bench = new Bench();
    const outputs = await solve(bench, [], at(-1, -1, -1, mkfile('/a')), at(-1, 0, 0, copy('/a', '/b')));
    expect(outputs).toEqual([{ '/b': 'file 644 /a' }]);
    expect(bench.log).toEqual(['commit the name']);
    expect(bench.openDrafts).toBe(0);
  });

  it('copies an action into itself, and from nothing', async () => {
    const bench = new Bench();
    expect(await solve(bench, [], at(-1, -1, -1, mkfile('/a')), at(0, 0, 0, copy('/', '/d')))).toEqual([
      { '/a': 'file 644 /a', '/d': 'dir 755', '/d/a': 'file 644 /a' },
    ]);
    expect(bench.log).toHaveLength(2);
    expect(await solve(bench, [undefined], at(0, -1, 0, copy('/', '/d', { createDestPath: true })))).toEqual([
      { '/d': 'dir 755' },
    ]);
  });

  it('does not run what no output needs', async () => {
    const bench = new Bench();
    expect(await solve(bench, [], at(-1, -1, 0, mkfile('/a')), at(0, -1, -1, mkfile('/none/b')))).toEqual([
      { '/a': 'file 644 /a' },
    ]);
  });

  it('runs actions before those that refer to them, in whatever order they are told', async () => {
    const bench = new Bench();
    expect(await solve(bench, [], at(1, -1, 0, mkfile('/d/a')), at(-1, -1, -1, mkdir('/d')))).toEqual([
      { '/d': 'dir 755', '/d/a': 'file 644 /d/a' },
    ]);
  });

  it('takes a chain of 5,000 actions', async () => {
    const actions = Array.from({ length: 5000 }, (_, i) =>
      at(i - 1, -1, i === 4999 ? 0 : -1, mkfile('/a', `${i}`)),
    );
    expect(await solve(new Bench(), [], ...actions)).toEqual([{ '/a': 'file 644 4999' }]);
  });

  it.each<[string, FileAction[]]>([
    ['invalid input index 3, 3 provided', [at(3, -1, 0, mkfile('/a'))]],
    ['invalid input index -2, 3 provided', [at(-2, -1, 0, mkfile('/a'))]],
    ['invalid secondary input index 0, 2 provided', [at(0, 3, 0, mkfile('/a'))]],
    ['duplicate output 0', [at(0, -1, 0, mkfile('/a')), at(0, -1, 0, mkfile('/a'))]],
    ['no outputs specified', [at(0, -1, -1, mkfile('/a'))]],
    ['missing output index 0', [at(0, -1, 1, mkfile('/a'))]],
    ['loop from index 2', [at(2, -1, 0, mkfile('/a'))]],
    ['loop from index 3', [at(0, 3, 1, copy('/', '/')), at(2, -1, 0, mkfile('/a'))]],
    ['invalid action type <nil>', [at(0, -1, 0)]],
    ['open /none/a: no such file or directory', [at(0, -1, 0, mkfile('/none/a'))]],
  ])('fails with %s', async (message, actions) => {
    const bench = new Bench();
    await expect(solve(bench, [undefined, undefined], ...actions)).rejects.toThrow(message);
    expect(bench.openDrafts).toBe(0);
  });
});

describe('the key', () => {
  const keyOf = (op: FileOp, inputs: number) => fileOperation(op, inputs, 'n').key([], new Bench());
  const byName = (input: number): ChownOpt => ({ user: { user: { kind: 'byName', name: 'u', input } } });

  it('knows the contents of a directory from the directory', async () => {
    const recipe = async (src: string) =>
      (await keyOf({ actions: [at(-1, 0, 0, { kind: 'copy', ...copyOf(src, '/t') })] }, 1)).recipe;
    expect(await recipe('/a/.')).not.toEqual(await recipe('/a'));
    expect(await recipe('/x/../a/')).toEqual(await recipe('/a'));
    expect(await recipe('/b/a')).toEqual(await recipe('/a'));
  });

  it('takes what is copied from by content, what is written to as what it is', async () => {
    const { recipe, inputs } = await keyOf(
      {
        actions: [
          at(
            0,
            1,
            0,
            copy('/x/*.c', '/d', { allowWildcard: true, followSymlink: true, includePatterns: ['i'] }),
          ),
        ],
      },
      2,
    );
    expect(inputs).toEqual([
      { by: 'ref' },
      {
        by: 'content',
        selectors: [
          {
            path: '/x/*.c',
            wildcard: true,
            followLinks: true,
            includePatterns: ['i'],
            excludePatterns: [],
            requiredPaths: [],
          },
        ],
      },
    ]);
    expect(recipe).toMatchObject({ actions: [{ src: '*.c', dest: '/d' }], indexes: [[0, 1, 0]] });
  });

  it('takes an input that is both as what it is', async () => {
    expect((await keyOf({ actions: [at(0, 0, 0, copy('/a', '/b'))] }, 1)).inputs).toEqual([{ by: 'ref' }]);
  });

  it('takes the files that know the owners', async () => {
    const { inputs } = await keyOf({ actions: [at(-1, -1, 0, { ...mkfile('/a'), owner: byName(0) })] }, 1);
    expect(inputs).toMatchObject([
      { by: 'content', selectors: [{ path: '/etc/passwd', followLinks: true }] },
    ]);
  });

  it('holds the data of files', async () => {
    const recipes = await Promise.all(
      ['one', 'two'].map(
        async (text) => (await keyOf({ actions: [at(-1, -1, 0, mkfile('/a', text))] }, 0)).recipe,
      ),
    );
    expect(recipes[0]).not.toEqual(recipes[1]);
  });

  it.each<[string, FileAction]>([
    ['failed to load cache key: invalid user index -1', at(0, -1, 0, { ...mkfile('/a'), owner: byName(-1) })],
    [
      'failed to load cache key: invalid input index 1 in file op with 1 inputs',
      at(0, -1, 0, { ...mkdir('/a'), owner: byName(1) }),
    ],
  ])('fails with %s', async (message, action) => {
    await expect(keyOf({ actions: [action] }, 1)).rejects.toThrow(message);
  });
});

describe('findOwner', () => {
  const tree = treeOf({
    '/etc/passwd':
      'file 644 root:x:0:0::/:\n  alice:x:1000:1001:Alice:/:  \nalice:x:7:7::/:\nbad:x:uid:-1::/:\nshort\n',
    '/etc/group': 'file 644 #staff:x:9:\nstaff:x:50:alice\n',
  });
  const name = (text: string) => ({ user: { kind: 'byName', name: text, input: 0 } }) as const;
  const id = (value: number) => ({ user: { kind: 'byID', value } }) as const;

  it.each<[string, ChownOpt | undefined, object | undefined]>([
    ['none', undefined, undefined],
    ['nothing', {}, { uid: 0, gid: 0 }],
    ['a number is both', { user: id(7) }, { uid: 7, gid: 7 }],
    ['two numbers', { user: id(7), group: id(8) }, { uid: 7, gid: 8 }],
    ['only a group', { group: id(8) }, { uid: 0, gid: 8 }],
    ['a name', { user: name('alice') }, { uid: 1000, gid: 1001 }],
    ['a name and a group', { user: name('alice'), group: name('staff') }, { uid: 1000, gid: 50 }],
    ['an unknown name', { user: name('nobody') }, { uid: 0, gid: 0 }],
    ['an unknown group', { user: name('alice'), group: name('none') }, { uid: 1000, gid: 1001 }],
    ['numbers that are none', { user: name('bad') }, { uid: 0, gid: 4_294_967_295 }],
    ['a line that is short', { user: name('short') }, { uid: 0, gid: 0 }],
    ['a comment', { group: name('#staff') }, { uid: 0, gid: 0 }],
  ])('%s', (_, chown, expected) => {
    expect(findOwner(chown, () => tree)).toEqual(expected);
  });

  it('takes an input without the file for one that knows nobody', () => {
    expect(findOwner({ user: name('alice') }, () => treeOf({}))).toEqual({ uid: 0, gid: 0 });
    expect(findOwner({ user: name('alice') }, () => treeOf({ '/etc': 'file 644 x' }))).toEqual({
      uid: 0,
      gid: 0,
    });
  });
});

/** Trees, archives and actions made to reach out of their root: contained, with an error where BuildKit errors. */

import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { SolveFailure } from '@llb-ts/backend';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockOf, END, entry, paxEntry } from '../../archive/testing/tar-blocks.ts';
import { UNSTOPPED } from '../../host/testing/this-process.ts';
import { Draft } from '../../layer/draft.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import { isRoot, type Listing, listingOf, newFolder, treeOf, xattrsAt } from '../../tree/testing/folder.ts';
import type { Tree } from '../../tree/tree.ts';
import { findOwner } from './owner.ts';
import { runAction } from './run-action.ts';
import { copyOf, mkdirOf, mkfileOf, rmOf, symlinkOf } from './testing/drafts.ts';

/** Layers lie in a folder of the world; what is around them must never change. */
const world = newFolder();
const AROUND: Listing = {
  '/etc': 'dir 755',
  '/etc/passwd': 'file 644 victim',
  '/secret': 'file 600 secret',
};
let around: Tree;

beforeAll(() => {
  fs.mkdirSync(`${world}/outside/etc`, { recursive: true });
  fs.writeFileSync(`${world}/outside/secret`, 'secret', { mode: 0o600 });
  fs.writeFileSync(`${world}/outside/etc/passwd`, 'victim');
  around = new FolderTree(`${world}/outside`);
});

function expectWorldIntact(): void {
  expect(listingOf(around)).toEqual(AROUND);
  expect(fs.readdirSync(world).filter((name) => !name.startsWith('layer-'))).toEqual(['outside']);
}

let serial = 0;
function newDraft(base: Listing): Draft {
  const upper = `${world}/layer-${serial++}`;
  fs.mkdirSync(upper, { mode: 0o755 });
  return new Draft({ base: treeOf(base), upper, pacer: UNSTOPPED });
}

type Action = Parameters<typeof runAction>[0]['action'];

async function run(
  action: NonNullable<Action>,
  base: Listing,
  source: Tree,
): Promise<[Listing | string, Draft]> {
  const draft = newDraft(base);
  const job = { draft, source, owner: undefined, share: false };
  let result: Listing | string;
  try {
    await runAction({ input: -1, secondaryInput: -1, output: 0, action }, job);
    result = listingOf(draft);
  } catch (error) {
    // A raw error of the system would show paths of the machine.
    expect(error).toBeInstanceOf(SolveFailure);
    result = error instanceof Error ? error.message : '';
    expect(result).not.toContain(`${world}/layer-`);
  }
  expectWorldIntact();
  return [result, draft];
}

const up = '../'.repeat(12);
const outside = () => `${world}/outside`;

describe('hostile archives', () => {
  type Case = [string, readonly Uint8Array[] | (() => readonly Uint8Array[]), Listing | string | RegExp];
  const link = (name: string, linkname: string) => entry({ name, type: '2', linkname });
  const hard = (name: string, linkname: string) => entry({ name, type: '1', linkname });
  const file = (name: string, text = 'x') => entry({ name }, text);
  const dir = (name: string) => entry({ name, type: '5', mode: 0o755 });

  async function unpack(entries: readonly Uint8Array[], dest = '/r', base: Listing = {}) {
    const folder = newFolder();
    fs.writeFileSync(`${folder}/a`, Buffer.concat([...entries, END]));
    const action = {
      kind: 'copy',
      ...copyOf('/a', dest, { attemptUnpackDockerCompatibility: true }),
    } as const;
    return run(action, base, new FolderTree(folder));
  }

  it.each<Case>([
    [
      'a name that climbs',
      [file(`${up}outside/x`)],
      { '/r': 'dir 755', '/r/outside': 'dir 755', '/r/outside/x': 'file 644 x' },
    ],
    ['an absolute name', () => [file(`${outside()}/secret`)], /^\{/],
    ['a name that climbs in the middle', [file('a/../../b')], { '/r': 'dir 755', '/r/b': 'file 644 x' }],
    [
      'a PAX name that climbs',
      [paxEntry({ path: `${up}b` }), file('c')],
      { '/r': 'dir 755', '/r/b': 'file 644 x' },
    ],
    [
      'a link that climbs, then a file through it',
      [link('l', up), file('l/f')],
      { '/r': 'dir 755', '/r/f': 'file 644 x', '/r/l': `link ${up}` },
    ],
    [
      'a link to the root, then a file through it',
      [link('l', '/'), file('l/f')],
      { '/r': 'dir 755', '/r/f': 'file 644 x', '/r/l': 'link /' },
    ],
    [
      'a link to the world, then a file through it',
      () => [link('l', outside()), file('l/secret', 'owned')],
      'open /l/secret: no such file or directory',
    ],
    [
      'two links, then a directory through them',
      [link('a', 'b'), link('b', up), dir('a/d')],
      { '/r': 'dir 755', '/r/a': 'link b', '/r/b': `link ${up}`, '/r/d': 'dir 755' },
    ],
    [
      'a directory swapped for a link',
      () => [dir('d'), file('d/f'), link('d', outside()), file('d/secret', 'owned')],
      'open /d/secret: no such file or directory',
    ],
    [
      'a directory swapped for a dangling link',
      [dir('d'), link('d', 'none')],
      'chtimes /d: no such file or directory',
    ],
    [
      'a directory swapped for a link to another',
      [dir('d'), dir('e'), link('d', 'e')],
      { '/r': 'dir 755', '/r/d': 'link e', '/r/e': 'dir 755' },
    ],
    ['a link swapped for a file', [link('l', '/e'), file('l')], { '/r': 'dir 755', '/r/l': 'file 644 x' }],
    [
      'links in a circle',
      [link('a', 'b'), link('b', 'a'), file('a/f')],
      'open /a/f: too many levels of symbolic links',
    ],
    ['a link to itself', [link('a', 'a'), file('a/f')], 'open /a/f: too many levels of symbolic links'],
    [
      'a hard link that climbs',
      [hard('h', `${up}outside/secret`)],
      'link /outside/secret /h: no such file or directory',
    ],
    [
      'a hard link to the machine',
      [hard('h', '/etc/passwd')],
      'link /etc/passwd /h: no such file or directory',
    ],
    [
      'a hard link through a link to the world',
      () => [link('l', outside()), hard('h', 'l/secret')],
      'link /l/secret /h: no such file or directory',
    ],
    [
      'a hard link through a link that climbs',
      [file('f'), link('l', up), hard('h', 'l/f')],
      { '/r': 'dir 755', '/r/f': 'file 644 x', '/r/h': 'hard /r/f', '/r/l': `link ${up}` },
    ],
    ['a hard link to a directory', [dir('d'), hard('h', 'd')], 'link /d /h: operation not permitted'],
    ['a hard link to itself', [file('h'), hard('h', 'h')], 'link /h /h: no such file or directory'],
    [
      'a hard link to a link: the world keeps its mode',
      () => [link('l', `${outside()}/secret`), entry({ name: 'h', type: '1', linkname: 'l', mode: 0o777 })],
      /^\{/,
    ],
    ['a hard link to a later file', [hard('h', 'f'), file('f')], 'link /f /h: no such file or directory'],
    ['a file in a file', [file('f'), file('f/g')], 'open /f/g: not a directory'],
    ['a file for the root', [file('/')], 'unlinkat /: device or resource busy'],
    ['a link for the root', [link('..', up)], 'unlinkat /: device or resource busy'],
    ['a file called dot', [file('.'), file('f')], { '/r': 'dir 755', '/r/f': 'file 644 x' }],
    ['no name at all', [file(''), file('f')], { '/r': 'dir 755', '/r/f': 'file 644 x' }],
    ['a link to nothing at all', [link('l', '')], 'symlink  /l: no such file or directory'],
    [
      'a name too long',
      [file('n'.repeat(90)), paxEntry({ path: 'n'.repeat(300) }), file('x')],
      /file name too long/,
    ],
    [
      'a path of 5,000 bytes',
      [paxEntry({ path: `${'d'.repeat(199)}/`.repeat(25) }), file('x')],
      /file name too long/,
    ],
    [
      'names that are not text',
      [file('\xff\xfe\n\x01')],
      { '/r': 'dir 755', '/r/\xff\xfe\n\x01': 'file 644 x' },
    ],
    [
      'names of whiteouts',
      [file('.wh.f'), dir('d'), file('d/.wh..wh..opq')],
      { '/r': 'dir 755', '/r/.wh.f': 'file 644 x', '/r/d': 'dir 755', '/r/d/.wh..wh..opq': 'file 644 x' },
    ],
    ['a type of the future', [entry({ name: 'f', type: 'Z' })], 'unhandled tar header type 90'],
    ['an old sparse file', [entry({ name: 'f', type: 'S' })], 'unhandled tar header type 83'],
    [
      'a size that the archive does not have',
      [file('a'), blockOf({ name: 'f' }, 0, (raw) => raw.write('77777777777', 124))],
      'unexpected EOF',
    ],
    [
      'a size beyond all bounds',
      [file('a'), blockOf({ name: 'f' }, 0, (raw) => raw.write('807fffffffffffffff000000', 124, 'hex'))],
      'archive/tar: invalid tar header',
    ],
    [
      'a sparse file of 8 TiB that is empty',
      [
        file('a'),
        paxEntry({
          'GNU.sparse.numblocks': '1',
          'GNU.sparse.map': '8796093022208,1',
          'GNU.sparse.size': '8796093022207',
        }),
        file('f'),
      ],
      'archive/tar: invalid tar header',
    ],
    [
      'a header of 1 GiB',
      [file('a'), blockOf({ name: 'x', type: 'x' }, 1 << 30)],
      'archive/tar: header field too long',
    ],
    [
      'a time beyond all bounds',
      [file('a'), paxEntry({ mtime: '9'.repeat(30) }), file('f')],
      'archive/tar: invalid tar header',
    ],
    [
      'a time in the far future',
      [paxEntry({ mtime: '99999999999999' }), file('f')],
      { '/r': 'dir 755', '/r/f': 'file 644 x' },
    ],
    [
      'half of an archive',
      [Buffer.concat([file('a'), file('b', 'x'.repeat(2000))]).subarray(0, 2000)],
      'unexpected EOF',
    ],
  ])('%s', async (_, entries, expected) => {
    const [result] = await unpack(typeof entries === 'function' ? entries() : entries);
    if (expected instanceof RegExp)
      expect(typeof result === 'string' ? result : JSON.stringify(result)).toMatch(expected);
    else expect(result).toEqual(expected);
  });

  it.runIf(isRoot).each<Case>([
    [
      'a device',
      [entry({ name: 'c', type: '3', major: 1, minor: 3 }), entry({ name: 'b', type: '4', major: 8 })],
      { '/r': 'dir 755', '/r/b': 'block 644 8,0', '/r/c': 'char 644 1,3' },
    ],
    [
      'a device that would hide what lies below',
      [entry({ name: 'c', type: '3' })],
      'operation not permitted',
    ],
    [
      'a fifo in place of a file',
      [file('f'), entry({ name: 'f', type: '6' })],
      { '/r': 'dir 755', '/r/f': 'fifo 644' },
    ],
    [
      'the highest owner',
      [paxEntry({ uid: '4294967294', gid: '4294967294' }), file('f')],
      { '/r': 'dir 755', '/r/f': 'file 644 4294967294:4294967294 x' },
    ],
    [
      'no owner',
      [paxEntry({ uid: '-1', gid: '4294967295' }), file('f')],
      { '/r': 'dir 755', '/r/f': 'file 644 x' },
    ],
  ])('%s', async (_, entries, expected) => {
    expect((await unpack(entries as readonly Uint8Array[]))[0]).toEqual(expected);
  });

  it.runIf(isRoot)('marks of overlayfs', async () => {
    const marks = {
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.trusted.overlay.redirect': '/etc',
    };
    const [, draft] = await unpack([paxEntry(marks), dir('d')]);
    expect(xattrsAt(draft, '/r/d')).toEqual({});
  });

  it('a destination that is a link out', async () => {
    expect((await unpack([file('f')], '/l', { '/l': `link ${up}outside` }))[0]).toEqual({
      '/l': `link ${up}outside`,
      '/outside': 'dir 755',
      '/outside/f': 'file 644 x',
    });
  });

  it('a bomb that says it is small', async () => {
    const bomb = gzipSync(Buffer.concat([entry({ name: 'f' }, Buffer.alloc(8 << 20)), END]));
    const folder = newFolder();
    fs.writeFileSync(`${folder}/a`, bomb.subarray(0, bomb.length - 200));
    const action = {
      kind: 'copy',
      ...copyOf('/a', '/r', { attemptUnpackDockerCompatibility: true }),
    } as const;
    expect((await run(action, {}, new FolderTree(folder)))[0]).toBe('unexpected EOF');
  });
});

describe('hostile trees', () => {
  const action = {
    copy: (...args: Parameters<typeof copyOf>) => ({ kind: 'copy', ...copyOf(...args) }) as const,
    mkfile: (path: string) => ({ kind: 'mkfile', ...mkfileOf(path) }) as const,
    mkdir: (path: string, makeParents = false) =>
      ({ kind: 'mkdir', ...mkdirOf(path, { makeParents }) }) as const,
    rm: (...args: Parameters<typeof rmOf>) => ({ kind: 'rm', ...rmOf(...args) }) as const,
    symlink: (...args: Parameters<typeof symlinkOf>) => ({ kind: 'symlink', ...symlinkOf(...args) }) as const,
  };
  const follow = { followSymlink: true };
  const contents = { dirCopyContents: true };
  type Case = [
    string,
    NonNullable<Action> | (() => NonNullable<Action>),
    () => Listing,
    Listing,
    Listing | string | RegExp,
  ];

  it.each<Case>([
    [
      'copy a link that leads out, followed',
      action.copy('/l', '/n', follow),
      () => ({ '/l': `link ${outside()}/secret` }),
      {},
      /^lstat .*secret: no such file or directory$/,
    ],
    [
      'copy through a directory that leads out',
      action.copy('/l/secret', '/n'),
      () => ({ '/l': `link ${outside()}` }),
      {},
      /no such file or directory$/,
    ],
    [
      'copy what climbs',
      action.copy(`${up}outside/secret`, '/n'),
      () => ({}),
      {},
      'lstat /outside/secret: no such file or directory',
    ],
    [
      'copy by wildcard through a link that leads out',
      action.copy('/l/*', '/n/', { ...follow, allowWildcard: true }),
      () => ({ '/l': `link ${outside()}` }),
      {},
      /no such file or directory$/,
    ],
    [
      'copy links in a circle',
      action.copy('/a', '/n', follow),
      () => ({ '/a': 'link b', '/b': 'link a' }),
      {},
      'too many links',
    ],
    [
      'copy a directory of links that lead out',
      action.copy('/', '/n'),
      () => ({ '/l': `link ${outside()}/secret`, '/m': 'link /etc/passwd' }),
      {},
      /^\{/,
    ],
    [
      'copy onto a link that leads out',
      action.copy('/f', '/l'),
      () => ({ '/f': 'file 644 f' }),
      { '/l': `link ${up}outside-x` },
      { '/l': `link ${up}outside-x`, '/outside-x': 'file 644 f' },
    ],
    [
      'copy into a link that leads out',
      action.copy('/f', '/l/', { createDestPath: true }),
      () => ({ '/f': 'file 644 f' }),
      { '/l': 'link /o' },
      { '/l': 'link /o', '/o': 'dir 755', '/o/f': 'file 644 f' },
    ],
    [
      'copy a directory over a link that leads out',
      action.copy('/d', '/e', contents),
      () => ({ '/d/s/secret': 'file 644 owned' }),
      { '/e': 'dir 755', '/e/s': 'link /outside' },
      'cannot copy to non-directory: /e/s',
    ],
    [
      'copy a file over a link that leads out',
      action.copy('/d', '/e', contents),
      () => ({ '/d/s': 'file 644 new' }),
      { '/e': 'dir 755', '/e/s': 'link /outside/secret' },
      { '/e': 'dir 755', '/e/s': 'file 644 new' },
    ],
    [
      'copy, replacing below a link that leads out',
      action.copy('/d', '/e', {
        ...contents,
        includePatterns: ['s/secret'],
        alwaysReplaceExistingDestPaths: true,
      }),
      () => ({ '/d/s/secret': 'file 644 owned' }),
      { '/e': 'dir 755', '/e/s': 'link /outside' },
      'cannot copy to non-directory: /e/s',
    ],
    [
      'copy to links in a circle',
      action.copy('/f', '/a'),
      () => ({ '/f': 'file 644 f' }),
      { '/a': 'link b', '/b': 'link a' },
      'too many links',
    ],
    [
      'copy below a circle',
      action.copy('/f', '/a/x', { createDestPath: true }),
      () => ({ '/f': 'file 644 f' }),
      { '/a': 'link a' },
      /too many/,
    ],
    [
      'copy to a name too long',
      action.copy('/f', `/${'n'.repeat(256)}`),
      () => ({ '/f': 'file 644 f' }),
      {},
      /file name too long$/,
    ],
    [
      'copy to a name with a NUL',
      action.copy('/f', '/a\0b'),
      () => ({ '/f': 'file 644 f' }),
      {},
      /invalid argument$/,
    ],
    [
      'make a file through a link that leads out',
      () => action.mkfile('/l/secret'),
      () => ({}),
      { '/l': 'link /outside' },
      'open /outside/secret: no such file or directory',
    ],
    [
      'make a file by climbing',
      action.mkfile(`${up}outside-x`),
      () => ({}),
      {},
      { '/outside-x': 'file 644 new' },
    ],
    ['make a file at a name with a NUL', action.mkfile('/a\0b'), () => ({}), {}, /invalid argument$/],
    [
      'make a directory through links that climb',
      action.mkdir('/a/b/x', true),
      () => ({}),
      { '/a': `link ${up}c`, '/c': 'dir 755', '/c/b': `link ${up}` },
      { '/a': `link ${up}c`, '/c': 'dir 755', '/c/b': `link ${up}`, '/x': 'dir 755' },
    ],
    [
      'make a link through a link that leads out',
      action.symlink('t', '/l/x'),
      () => ({}),
      { '/l': 'link /outside' },
      'symlink t /outside/x: no such file or directory',
    ],
    [
      'remove through a link that leads out',
      action.rm('/l/secret', { allowNotFound: true }),
      () => ({}),
      { '/l': 'link /outside' },
      { '/l': 'link /outside' },
    ],
    ['remove by climbing', action.rm(`${up}outside`, { allowNotFound: true }), () => ({}), {}, {}],
    [
      'remove by wildcard through a link that leads out',
      action.rm('/l/*', { allowWildcard: true }),
      () => ({}),
      { '/l': 'link /outside' },
      { '/l': 'link /outside' },
    ],
    [
      'remove a link to a directory of the world',
      action.rm('/l', { allowNotFound: true }),
      () => ({}),
      { '/l': 'link /outside' },
      {},
    ],
  ])('%s', async (_, what, source, base, expected) => {
    const [result] = await run(typeof what === 'function' ? what() : what, base, treeOf(source()));
    if (expected instanceof RegExp)
      expect(typeof result === 'string' ? result : JSON.stringify(result)).toMatch(expected);
    else expect(result).toEqual(expected);
  });

  it.runIf(isRoot)('a passwd file that is none', () => {
    const byName = (input: number) => ({ user: { user: { kind: 'byName', name: 'root', input } } }) as const;
    const ownerIn = (listing: Listing) => findOwner(byName(0), () => treeOf(listing));
    expect(() => ownerIn({ '/etc/passwd': 'fifo 644' })).toThrow('open /etc/passwd: not a regular file');
    expect(() => ownerIn({ '/etc/passwd': 'char 644 1,5' })).toThrow('open /etc/passwd: not a regular file');
    expect(() => ownerIn({ '/etc/passwd': 'dir 755' })).toThrow('open /etc/passwd: not a regular file');
    expect(ownerIn({ '/etc/passwd': `link ${outside()}/etc/passwd` })).toEqual({ uid: 0, gid: 0 });
    expect(() => ownerIn({ '/etc/passwd': 'link passwd' })).toThrow('too many links');
    expect(() => ownerIn({ '/etc/passwd': `file 644 ${'x'.repeat(70_000)}` })).toThrow('token too long');
    expect(() => ownerIn({ '/etc/passwd': `file 644 ${'x\n'.repeat(6 << 20)}` })).toThrow(
      '"/etc/passwd" exceeds 10485760 bytes',
    );
  });
});

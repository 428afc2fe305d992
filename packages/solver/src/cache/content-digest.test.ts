import { describe, expect, it } from 'vitest';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { folderOf, isRoot, type Listing, mark, treeOf } from '../tree/testing/folder.ts';
import type { Tree } from '../tree/tree.ts';
import { type ContentSelector, contentDigest } from './content-digest.ts';
import type { DigestMemo } from './entry-digest.ts';

const BASE: Listing = {
  '/d/a.txt': 'file 644 a',
  '/d/b.md': 'file 644 b',
  '/d/s/c.txt': 'file 644 c',
  '/d/l': 'link a.txt',
  '/ld': 'link d',
  '/other': 'file 644 o',
};

const selector = (path: string, more: Partial<ContentSelector> = {}): ContentSelector => ({
  path,
  wildcard: /[*?[]/.test(path),
  followLinks: false,
  includePatterns: [],
  excludePatterns: [],
  requiredPaths: [],
  ...more,
});

const digest = (tree: Tree, ...selectors: ContentSelector[]) =>
  contentDigest(tree, selectors, { pacer: UNSTOPPED, name: 'R' });

async function same(a: Listing, b: Listing, first: ContentSelector, second = first): Promise<boolean> {
  return (await digest(treeOf(a), first)) === (await digest(treeOf(b), second));
}

const with_ = (changes: Listing, without: readonly string[] = []): Listing =>
  Object.fromEntries(Object.entries({ ...BASE, ...changes }).filter(([path]) => !without.includes(path)));

describe('contentDigest', () => {
  it.each<[string, Listing, ContentSelector]>([
    ['anything outside the path', with_({ '/other': 'file 600 changed' }), selector('/d')],
    ['another link to the same directory', with_({}), selector('/ld', { followLinks: true })],
    ['an excluded file', with_({ '/d/b.md': 'file 644 B' }), selector('/d', { excludePatterns: ['*.md'] })],
    [
      'a file not included',
      with_({ '/d/b.md': 'file 644 B' }),
      selector('/d', { includePatterns: ['**/*.txt'] }),
    ],
    ['a file the wildcard leaves out', with_({ '/d/b.md': 'file 644 B' }), selector('/d/*.txt')],
    [
      'what a link points at, not followed',
      with_({ '/d/a.txt': 'file 644 A' }),
      selector('/d/l', { followLinks: false }),
    ],
  ])('hits with a change of %s', async (_, changed, chosen) => {
    expect(await same(BASE, changed, chosen)).toBe(true);
  });

  it.each<[string, Listing, ContentSelector]>([
    ['content', with_({ '/d/s/c.txt': 'file 644 C' }), selector('/d')],
    ['mode', with_({ '/d/a.txt': 'file 600 a' }), selector('/d/a.txt')],
    ['a directory mode', with_({ '/d/s': 'dir 700' }), selector('/d')],
    ['a link target', with_({ '/d/l': 'link b.md' }), selector('/d')],
    ['a name', with_({ '/d/x': 'file 644 b' }, ['/d/b.md']), selector('/d')],
    ['type', with_({ '/d/a.txt': 'dir 644' }), selector('/d')],
    ['a new empty directory', with_({ '/d/e': 'dir 755' }), selector('/d')],
    ['what a link points at', with_({ '/d/a.txt': 'file 644 A' }), selector('/d/l', { followLinks: true })],
    [
      'an included file',
      with_({ '/d/s/c.txt': 'file 644 C' }),
      selector('/d', { includePatterns: ['**/*.txt'] }),
    ],
    [
      'a parent of an included file',
      with_({ '/d/s': 'dir 700' }),
      selector('/d', { includePatterns: ['s/c.txt'] }),
    ],
    ['a matched file', with_({ '/d/a.txt': 'file 644 A' }), selector('/d/*.txt')],
    ['what is in a matched directory', with_({ '/d/s/c.txt': 'file 644 C' }), selector('/d/s*')],
    [
      'what a followed match leads to',
      with_({ '/d/s/c.txt': 'file 644 C' }),
      selector('/l*', { followLinks: true }),
    ],
    [
      'what is included behind a followed link',
      with_({ '/d/s/c.txt': 'file 644 C' }),
      selector('/ld', { followLinks: true, includePatterns: ['s'] }),
    ],
    ['an archive behind a link', with_({ '/d/a.txt': 'file 644 A' }), selector('/d/l', { mayUnpack: true })],
    [
      'an archive behind a matched link',
      with_({ '/d/a.txt': 'file 644 A' }),
      selector('/d/[l]', { mayUnpack: true }),
    ],
    ['the root', with_({ '/new': 'file 644 n' }), selector('/')],
  ])('misses with a change of %s', async (_, changed, chosen) => {
    expect(await same(BASE, changed, chosen)).toBe(false);
  });

  it('does not look at times or at the name of what is selected', async () => {
    const moved = {
      '/e/a.txt': 'file 644 a',
      '/e/b.md': 'file 644 b',
      '/e/s/c.txt': 'file 644 c',
      '/e/l': 'link a.txt',
    };
    expect(await same(BASE, moved, selector('/d'), selector('/e'))).toBe(true);
    const include = { includePatterns: ['**/*.txt'] };
    expect(await same(BASE, moved, selector('/d', include), selector('/e', include))).toBe(true);
  });

  it.runIf(isRoot)('looks at owners, devices and xattrs, but not at labels and marks', async () => {
    const device = { '/c': 'char 600 1,3' };
    expect(await same(device, { '/c': 'char 600 1,5' }, selector('/'))).toBe(false);
    expect(await same({ '/f': 'file 644 x' }, { '/f': 'file 644 1:2 x' }, selector('/f'))).toBe(false);
    const folder = folderOf(BASE);
    const before = await digest(new FolderTree(folder), selector('/d'));
    mark(folder, '/d/a.txt', 'trusted.overlay.origin', 'x');
    mark(folder, '/d/a.txt', 'security.other', 'x');
    expect(await digest(new FolderTree(folder), selector('/d'))).toBe(before);
    mark(folder, '/d/a.txt', 'user.mine', 'x');
    expect(await digest(new FolderTree(folder), selector('/d'))).not.toBe(before);
  });

  it('takes several selectors one after the other', async () => {
    const [a, b] = [selector('/d/a.txt'), selector('/other')];
    expect(await digest(treeOf(BASE), a, b)).not.toBe(await digest(treeOf(BASE), b, a));
    expect(await digest(treeOf(BASE), a)).not.toBe(await digest(treeOf(BASE), a, b));
  });

  it('tells apart what is selected within another selected path', async () => {
    const inside = (name: string) => digest(treeOf(BASE), selector('/d'), selector(`/d/${name}`));
    expect(await inside('a.txt')).not.toBe(await inside('b.md'));
    // BuildKit looks for the outer path only.
    await expect(inside('none')).resolves.toMatch(/^sha256:/);
    const linked = { ...BASE, '/d/out': 'link ../e', '/e/f': 'file 644 f' };
    const changed = { ...linked, '/e/f': 'file 644 F' };
    const behind = [selector('/d'), selector('/d/out/f')];
    expect(await digest(treeOf(linked), ...behind)).not.toBe(await digest(treeOf(changed), ...behind));
  });

  it('counts what is read where a link leads by its text', async () => {
    const listing = (content: string): Listing => ({
      '/x/y/f': 'link ../t',
      '/x/t': 'file 644 t',
      '/d': 'link x/y',
      '/l': 'link d',
      '/t': `file 644 ${content}`,
    });
    expect(await same(listing('a'), listing('b'), selector('/l/f', { followLinks: true }))).toBe(false);
  });

  it('counts which files are one', async () => {
    const two = with_({ '/d/z': 'file 644 a' });
    const one = with_({ '/d/z': 'hard /d/a.txt' });
    expect(await same(two, one, selector('/d'))).toBe(false);
    expect(await same(two, one, selector('/d/z'))).toBe(true);
    expect(await same(one, one, selector('/d', { includePatterns: ['z', '*.txt'] }))).toBe(true);
  });

  it('counts what a copy begins with, whatever the patterns say', async () => {
    const nothing = { includePatterns: ['nothing'] };
    expect(await same(BASE, with_({ '/other': 'file 644 O' }), selector('/other', nothing))).toBe(false);
    expect(await same(BASE, with_({ '/d': 'dir 700' }), selector('/d', nothing))).toBe(false);
    expect(await same(BASE, with_({ '/d/a.txt': 'file 644 A' }), selector('/d', nothing))).toBe(true);
  });

  it('of no filesystem knows the root only', async () => {
    const nothing = (path: string, more = {}) =>
      contentDigest(undefined, [selector(path, more)], { pacer: UNSTOPPED, name: 'R' });
    await expect(nothing('/')).resolves.toMatch(/^sha256:/);
    const prefix = 'failed to compute cache key: failed to calculate checksum of ref R: ';
    await expect(nothing('/d')).rejects.toThrow(`${prefix}/d: no such file or directory`);
    await expect(nothing('/d*')).rejects.toThrow(`${prefix}/d*: no such file or directory`);
  });

  it.each<[ContentSelector, string]>([
    [selector('/none'), '"/none": not found'],
    [selector('/d/a.txt/x'), '"/d/a.txt/x": not found'],
    [selector('/n\xc3\xa9'), '"/né": not found'],
    [selector('/ld/none'), '"/ld/none": not found'],
    [selector('/d', { includePatterns: ['*.txt'], requiredPaths: ['/d/z'] }), '"/d/z": not found'],
    [selector('/d', { includePatterns: ['*.txt'], requiredPaths: ['d/a.txt'] }), '"d/a.txt": not found'],
    [
      selector('/d', { includePatterns: ['a', '['] }),
      'invalid includepatterns: [a []: syntax error in pattern',
    ],
    [selector('/d', { excludePatterns: ['['] }), 'invalid excludepatterns: [[]: syntax error in pattern'],
    [selector('/d/a['), 'syntax error in pattern'],
  ])('fails on %o', async (chosen, message) => {
    await expect(digest(treeOf(BASE), chosen)).rejects.toThrow(
      `failed to compute cache key: failed to calculate checksum of ref R: ${message}`,
    );
  });

  it('is content with required paths that some included path begins with, and with nothing at all', async () => {
    const required = selector('/d', { includePatterns: ['*.txt'], requiredPaths: ['/d/a'] });
    await expect(digest(treeOf(BASE), required)).resolves.toMatch(/^sha256:/);
    await expect(digest(treeOf(BASE), selector('/none*'))).resolves.toMatch(/^sha256:/);
    await expect(digest(treeOf(BASE), selector('/none', { includePatterns: ['x'] }))).resolves.toMatch(
      /^sha256:/,
    );
    await expect(digest(treeOf({}), selector('/'))).resolves.toMatch(/^sha256:/);
  });

  it('takes the word of a memo for the content of files', async () => {
    const known = new Map<string, string>();
    const tree = treeOf(BASE);
    const memo: DigestMemo = {
      get: ({ hostPath }) => known.get(hostPath),
      set: ({ hostPath }, digest) => known.set(hostPath, digest),
    };
    const options = { pacer: UNSTOPPED, name: 'R', memo };
    const first = await contentDigest(tree, [selector('/d')], options);
    expect(known.size).toBe(3);
    for (const key of known.keys()) known.set(key, 'remembered');
    expect(await contentDigest(tree, [selector('/d')], options)).not.toBe(first);
  });

  it('fails where a name that cannot be looked up is in the directory that is walked', async () => {
    const tree = treeOf({ '/d': 'dir 755', '/d/x': 'file 644 x', '/o': 'dir 755', '/o/p': 'file 644 p' });
    const ghostIn = (directories: ReadonlySet<string>) =>
      directories.has('/') || directories.has('/d') ? '/d/gone' : undefined;
    const ask = (one: ContentSelector) =>
      contentDigest(tree, [one], { pacer: UNSTOPPED, name: 'R', ghostIn });
    const message = 'checksum of ref R: failed to walk /d/gone: lstat /d/gone: no such file or directory';
    await expect(ask(selector('/d/x'))).rejects.toThrow(message);
    await expect(ask(selector('/o'))).rejects.toThrow(message);
    await expect(ask(selector('/o/*', { wildcard: true }))).rejects.toThrow(message);
    await expect(ask(selector('/o/p'))).resolves.toMatch(/^sha256:/);
  });

  it('follows no circle for ever', async () => {
    const tree = treeOf({ '/a': 'link b', '/b': 'link a' });
    await expect(digest(tree, selector('/a', { followLinks: true }))).rejects.toThrow('too many links');
  });
});

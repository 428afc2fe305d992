import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/testing/folder.ts';
import { findMatches, hasWildcards, splitWildcards } from './wildcard-paths.ts';

describe('splitWildcards', () => {
  it.each([
    ['/a/b', '/a/b', ''],
    ['/a/*/c', '/a', '*/c'],
    ['/*', '/', '*'],
    ['/a\\*/b?', '/a\\*', 'b?'],
    ['/a/../b/[c]/', '/b', '[c]'],
    ['/', '/', ''],
  ])('%s', (path, prefix, pattern) => {
    expect(splitWildcards(path)).toEqual({ prefix, pattern });
    expect(hasWildcards(path)).toBe(pattern !== '');
  });
});

describe('findMatches', () => {
  const tree = treeOf({
    '/d/a.txt': 'file 644 x',
    '/d/b.txt': 'file 644 x',
    '/d/s/a.txt': 'file 644 x',
    '/d/s/t/a.txt': 'file 644 x',
    '/d/s2/a.txt': 'file 644 x',
    '/d/l': 'link s',
    '/d/.h': 'file 644 x',
    '/d/[x]': 'file 644 x',
  });

  it.each([
    ['*.txt', ['/d/a.txt', '/d/b.txt']],
    ['*', ['/d/.h', '/d/[x]', '/d/a.txt', '/d/b.txt', '/d/l', '/d/s', '/d/s2']],
    ['*/a.txt', ['/d/s/a.txt', '/d/s2/a.txt']],
    ['s*/*.txt', ['/d/s/a.txt', '/d/s2/a.txt']],
    ['*/*/a.txt', ['/d/s/t/a.txt']],
    ['l/*', []],
    ['[ab].txt', ['/d/a.txt', '/d/b.txt']],
    ['\\[x\\]', ['/d/[x]']],
    // A class may match a slash, and so reach into a directory.
    ['s[^x]a.txt', ['/d/s/a.txt']],
    ['s[.-0]*', ['/d/s/a.txt', '/d/s/t']],
    ['**', ['/d/.h', '/d/[x]', '/d/a.txt', '/d/b.txt', '/d/l', '/d/s', '/d/s2']],
    ['none*', []],
    ['a[', []],
  ])('%s', (pattern, expected) => {
    expect(findMatches(tree, '/d', pattern)).toEqual(expected);
  });

  it('fails on a malformed pattern if strict', () => {
    expect(() => findMatches(tree, '/d', 'a[', { strict: true })).toThrow('syntax error in pattern');
  });

  it('finds nothing in what is no directory', () => {
    expect(findMatches(tree, '/d/l', '*')).toEqual([]);
    expect(findMatches(tree, '/d/a.txt', '*')).toEqual([]);
    expect(findMatches(tree, '/none', '*')).toEqual([]);
  });
});

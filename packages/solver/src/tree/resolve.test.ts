import { describe, expect, it } from 'vitest';
import { locate } from './locate.ts';
import { resolve, resolveParent } from './resolve.ts';
import { treeOf } from './testing/folder.ts';

const tree = treeOf({
  '/a/b/f': 'file 644 x',
  '/file': 'file 644 x',
  '/rel': 'link a/b',
  '/abs': 'link /a',
  '/up': 'link ../../../a',
  '/dangling': 'link nowhere/x',
  '/loop': 'link loop2',
  '/loop2': 'link /loop',
  '/a/back': 'link ../rel',
  '/a/etc': 'link /etc/passwd',
  '/chain': 'link abs',
  '/a/parent': 'link ..',
  '/dir2/deep': 'link ../file',
  '/ld': 'link dir2',
  '/\xff': 'file 644 x',
});

describe('resolve', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['a/b', '/a/b'],
    ['/a/b/f', '/a/b/f'],
    ['/a/./b//f/', '/a/b/f'],
    ['/../../a', '/a'],
    ['/rel', '/a/b'],
    ['/rel/f', '/a/b/f'],
    ['/abs/b', '/a/b'],
    ['/up', '/a'],
    ['/up/../file', '/file'],
    ['/dangling', '/nowhere/x'],
    ['/dangling/more', '/nowhere/x/more'],
    ['/a/back/f', '/a/b/f'],
    ['/a/etc', '/etc/passwd'],
    ['/chain/b/f', '/a/b/f'],
    ['/missing/x', '/missing/x'],
    ['/missing/../a', '/a'],
    ['/a/parent/file', '/file'],
    ['/ld/deep', '/file'],
    ['/\xff', '/\xff'],
  ])('%j → %j', (path, expected) => {
    expect(resolve(tree, path)).toBe(expected);
  });

  it('takes `..` of a target off the text, not off where links led', () => {
    const odd = treeOf({ '/x/y/f': 'link ../t', '/d': 'link x/y', '/l': 'link d' });
    expect(resolve(odd, '/d/f')).toBe('/x/t');
    expect(resolve(odd, '/l/f')).toBe('/t');
  });

  it('looks once at each of thousands of components, and refuses what the kernel would', () => {
    let looks = 0;
    const counted = {
      lookup: (path: string) => {
        looks++;
        return tree.lookup(path);
      },
      list: (path: string) => tree.list(path),
    };
    const deep = (start: string, count: number) => start + '/d'.repeat(count);
    expect(resolve(counted, deep('/a', 2_000))).toBe(deep('/a', 2_000));
    expect(resolve(counted, deep('/rel', 2_000))).toBe(deep('/a/b', 2_000));
    expect(looks).toBeLessThan(100);
    expect(() => resolve(tree, deep('/a', 2_100))).toThrow(/^lstat \/a\/d.*: file name too long$/);
    expect(() => resolve(tree, `/a/${'x'.repeat(300)}`)).toThrow(/^lstat \/a\/x+: file name too long$/);
    expect(() => resolve(tree, '/a/x\0')).toThrow('invalid argument');
  });

  it('keeps the last component if asked', () => {
    expect(resolveParent(tree, '/rel')).toBe('/rel');
    expect(resolveParent(tree, '/abs/back')).toBe('/a/back');
    expect(resolveParent(tree, '/')).toBe('/');
  });

  it.each([
    ['/file/x', 'lstat /file/x: not a directory'],
    ['/file/x/y', 'lstat /file/x: not a directory'],
    ['/loop', 'too many links'],
    ['/loop/x', 'too many links'],
  ])('fails on %s', (path, message) => {
    expect(() => resolve(tree, path)).toThrow(message);
  });

  it('survives a chain of links up to the limit', () => {
    const chain = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`/${i}`, `link ${i + 1}`]));
    expect(resolve(treeOf(chain), '/1')).toBe('/256');
    expect(() => resolve(treeOf({ ...chain, '/256': 'link 257' }), '/0')).toThrow('too many links');
  });
});

describe('locate', () => {
  const at = (path: string, options: { follow?: boolean; jail?: string } = {}) => {
    const location = locate(tree, path, { follow: false, ...options });
    return location.kind === 'found' ? location.path : location;
  };

  it('follows links on the way, at the end only if asked', () => {
    expect(at('/rel/f')).toBe('/a/b/f');
    expect(at('/rel')).toBe('/rel');
    expect(at('/rel', { follow: true })).toBe('/a/b');
  });

  it('goes where links lead out', () => {
    expect(at('/abs/b')).toEqual({ kind: 'outside', target: '/a/b' });
    expect(at('/up', { follow: true })).toEqual({ kind: 'outside', target: undefined });
  });

  it('stays in the jail', () => {
    expect(at('/abs/b', { jail: '/' })).toBe('/a/b');
    expect(at('/up', { jail: '/', follow: true })).toBe('/a');
    expect(at('/back/f', { jail: '/a' })).toEqual({ kind: 'failed', code: 'ENOENT' });
    expect(at('/parent/parent/b', { jail: '/a' })).toBe('/a/b');
    expect(at('/a/etc', { jail: '/', follow: true })).toEqual({ kind: 'failed', code: 'ENOENT' });
  });

  it('tells what is wrong', () => {
    expect(at('/a/none')).toEqual({ kind: 'missing', path: '/a/none' });
    expect(at('/dangling', { follow: true })).toEqual({ kind: 'failed', code: 'ENOENT' });
    expect(at('/file/x')).toEqual({ kind: 'failed', code: 'ENOTDIR' });
    expect(at('/loop', { follow: true, jail: '/' })).toEqual({ kind: 'failed', code: 'ELOOP' });
    expect(at('/', { jail: '/a' })).toBe('/a');
  });
});

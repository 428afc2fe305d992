import { describe, expect, it } from 'vitest';
import { isRoot, type Listing, LONG_AGO, timeAt } from '../../tree/testing/folder.ts';
import { mkdir } from './mkdir.ts';
import { mkfile } from './mkfile.ts';
import { rm } from './rm.ts';
import { symlink } from './symlink.ts';
import { draftOn, mkdirOf, mkfileOf, outcome, owner, rmOf, symlinkOf } from './testing/drafts.ts';

const BASE: Listing = {
  '/d': 'dir 750',
  '/f': 'file 4600 old',
  '/ld': 'link d',
  '/lf': 'link /f',
  '/dangling': 'link d/none',
  '/loop': 'link loop',
};

describe('mkdir', () => {
  it.each<[string, Parameters<typeof mkdirOf>, Listing | string]>([
    ['a new one', ['/n', { mode: 0o4771 }], { '/n': 'dir 771' }],
    ['one that is there', ['/d', { mode: 0o700 }], {}],
    ['where a file is', ['/f'], {}],
    ['where a link is', ['/ld/../f'], {}],
    ['the root', ['/'], {}],
    ['an empty path', [''], {}],
    ['below a link', ['/ld/n'], { '/d/n': 'dir 755' }],
    ['at a dangling link', ['/dangling'], { '/d/none': 'dir 755' }],
    [
      'parents',
      ['/a/b/c', { makeParents: true, mode: 0o701 }],
      { '/a': 'dir 701', '/a/b': 'dir 701', '/a/b/c': 'dir 701' },
    ],
    ['out of the root', ['../../n'], { '/n': 'dir 755' }],
    ['without its parent', ['/a/b'], 'mkdir /a/b: no such file or directory'],
    ['below a file', ['/f/x'], 'lstat /f/x: not a directory'],
    ['where a file is, with parents', ['/f', { makeParents: true }], 'mkdir /f: not a directory'],
    ['in a circle', ['/loop'], 'too many links'],
    ['below a circle', ['/loop/x'], 'lstat /loop/x: too many levels of symbolic links'],
    ['a name too long', [`/${'n'.repeat(256)}`], `mkdir /${'n'.repeat(256)}: file name too long`],
    ['a name with a NUL', ['/a\0b'], 'mkdir /a\0b: invalid argument'],
  ])('%s', async (_, args, expected) => {
    const draft = draftOn(BASE);
    const made = await outcome(draft, () => mkdir(draft, mkdirOf(...args), undefined));
    if (typeof expected === 'string' && !isOurs(expected)) expect(made).toBe(expected);
    else if (typeof expected !== 'string') expect(made).toEqual({ ...BASE, ...expected });
  });

  it.runIf(isRoot)('gives owner and times; of parents only the deepest keeps its time', async () => {
    const draft = draftOn(BASE);
    mkdir(draft, mkdirOf('/a/b', { makeParents: true, timestamp: 1_000_000_000_000_000_001n }), owner(3, 4));
    expect([timeAt(draft, '/a'), timeAt(draft, '/a/b')]).toEqual(['now', 1_000_000_000_000_000_001n]);
    expect(draft.lookup('/a')!.stat).toMatchObject({ uid: 3, gid: 4 });
    expect(draft.lookup('/a/b')!.stat).toMatchObject({ uid: 3, gid: 4 });
  });

  it.runIf(isRoot)('inherits the group of a setgid directory, as the kernel does', async () => {
    const draft = draftOn({ '/g': 'dir 2775 1:9' });
    mkdir(draft, mkdirOf('/g/n'), undefined);
    mkfile(draft, mkfileOf('/g/f'), undefined);
    expect(draft.lookup('/g/n')!.stat).toMatchObject({ mode: 0o2755, uid: 0, gid: 9 });
    expect(draft.lookup('/g/f')!.stat).toMatchObject({ mode: 0o644, uid: 0, gid: 9 });
  });
});

/** Names that the system refuses are listing by whoever meets them first; the wrapper of all actions has its own test. */
function isOurs(message: string): boolean {
  return message.includes('name too long') || message.includes('invalid argument');
}

describe('mkfile', () => {
  it.each<[string, Parameters<typeof mkfileOf>, Listing | string]>([
    ['a new one', ['/n', { mode: 0o4666 }], { '/n': 'file 666 new' }],
    ['over a file: neither mode nor owner stay', ['/f'], { '/f': 'file 644 new' }],
    ['through a link', ['/lf', { mode: 0o600 }], { '/f': 'file 600 new' }],
    ['at the target of a dangling link', ['/dangling'], { '/d/none': 'file 644 new' }],
    ['out of the root', ['../../x'], { '/x': 'file 644 new' }],
    ['in the root', ['/'], 'mkfile /: is a directory'],
    ['at a link to the root', ['/d/../..'], 'mkfile /: is a directory'],
    ['over a directory', ['/ld'], 'rename /d: file exists'],
    ['without its parent', ['/a/b'], 'open /a/b: no such file or directory'],
    ['below a file', ['/lf/x'], 'lstat /f/x: not a directory'],
    ['in a circle', ['/loop'], 'too many links'],
  ])('%s', async (_, args, expected) => {
    const draft = draftOn(BASE);
    const made = await outcome(draft, () => mkfile(draft, mkfileOf(...args), undefined));
    expect(made).toEqual(typeof expected === 'string' ? expected : { ...BASE, ...expected });
  });

  it.runIf(isRoot)('replaces what is special, and leaves other names of a file alone', async () => {
    const draft = draftOn({
      '/p': 'fifo 600',
      '/c': 'char 600 1,3',
      '/a': 'file 600 1:2 old',
      '/b': 'hard /a',
    });
    for (const path of ['/p', '/c', '/b']) mkfile(draft, mkfileOf(path), owner(5, 6));
    expect(await outcome(draft, () => {})).toEqual({
      '/a': 'file 600 1:2 old',
      '/b': 'file 644 5:6 new',
      '/c': 'file 644 5:6 new',
      '/p': 'file 644 5:6 new',
    });
  });

  it('changes the time of the directory, and takes times before 1970', () => {
    const draft = draftOn(BASE);
    mkfile(draft, mkfileOf('/d/n', { timestamp: -1_500_000_000n }), undefined);
    expect([timeAt(draft, '/d'), timeAt(draft, '/d/n'), timeAt(draft, '/f')]).toEqual([
      'now',
      -1_500_000_000n,
      LONG_AGO,
    ]);
  });
});

describe('symlink', () => {
  it.each<[string, [string, string], Listing | string]>([
    ['a new one', ['../anything', '/d/l'], { '/d/l': 'link ../anything' }],
    ['through a link', ['t', '/ld/l'], { '/d/l': 'link t' }],
    ['over a dangling link: at its target', ['t', '/dangling'], { '/d/none': 'link t' }],
    ['relative', ['t', 'x'], { '/x': 'link t' }],
    ['over a file', ['t', '/lf'], 'symlink t /f: file exists'],
    ['over a directory', ['t', '/d'], 'symlink t /d: file exists'],
    ['over the root', ['t', '/'], 'symlink t /: file exists'],
    ['without its parent', ['t', '/a/b'], 'symlink t /a/b: no such file or directory'],
    ['to nothing', ['', '/x'], 'symlink  /x: no such file or directory'],
  ])('%s', async (_, [oldpath, newpath], expected) => {
    const draft = draftOn(BASE);
    const made = await outcome(draft, () => symlink(draft, symlinkOf(oldpath, newpath), undefined));
    expect(made).toEqual(typeof expected === 'string' ? expected : { ...BASE, ...expected });
  });

  it.runIf(isRoot)('gives owner and times to the link itself', () => {
    const draft = draftOn(BASE);
    symlink(draft, { ...symlinkOf('f', '/l'), timestamp: 5n }, owner(1, 2));
    expect(draft.lookup('/l')!.stat).toMatchObject({ uid: 1, gid: 2, mtimeNs: 5n });
    expect(draft.lookup('/f')!.stat).toMatchObject({ uid: 0, mtimeNs: LONG_AGO });
  });
});

describe('rm', () => {
  const TREE: Listing = {
    '/d': 'dir 755',
    '/d/a.txt': 'file 644 a',
    '/d/b.txt': 'file 644 b',
    '/d/s': 'dir 755',
    '/d/s/c': 'file 644 c',
    '/f*': 'file 644 x',
    '/fx': 'file 644 x',
    '/ld': 'link d',
    '/gone': 'link nowhere',
    '/inside': 'link /d/a.txt',
    '/machine': 'link /',
    '/up': 'link ../d',
  };
  const without = (...gone: string[]) =>
    Object.fromEntries(
      Object.entries(TREE).filter(([path]) => !gone.some((g) => path === g || path.startsWith(`${g}/`))),
    );

  it.each<[string, Parameters<typeof rmOf>, Listing | string]>([
    ['a file', ['/d/a.txt'], without('/d/a.txt')],
    ['a directory', ['d/'], without('/d')],
    ['a link, not its target', ['/ld'], without('/ld')],
    ['through a link', ['/ld/s'], without('/d/s')],
    ['wildcards are literal', ['/f*'], without('/f*')],
    ['by wildcard', ['/f*', { allowWildcard: true }], without('/f*', '/fx')],
    ['by wildcard in a directory', ['/d/*.txt', { allowWildcard: true }], without('/d/a.txt', '/d/b.txt')],
    ['by wildcard, none', ['/d/*.zip', { allowWildcard: true }], TREE],
    ['by wildcard in a link: none', ['/ld/*', { allowWildcard: true }], TREE],
    ['what is not there', ['/x', { allowNotFound: true }], TREE],
    ['below what is not there', ['/x/y', { allowNotFound: true }], TREE],
    // Links are judged as the machine sees them: `/` is there, the tree's files are not.
    ['a link to the root of the machine', ['/machine'], without('/machine')],
    ['a link good only inside', ['/inside'], 'stat /inside: no such file or directory'],
    ['a link good only inside, leniently', ['/inside', { allowNotFound: true }], without('/inside')],
    ['a dangling link', ['/gone'], 'stat /gone: no such file or directory'],
    ['a link that leads out', ['/up'], 'stat /up: no such file or directory'],
    [
      'a dangling link by wildcard',
      ['/g*', { allowWildcard: true }],
      'stat /gone: no such file or directory',
    ],
    ['missing', ['/x'], 'stat /x: no such file or directory'],
    [
      'wildcards in nothing',
      ['/x/*', { allowWildcard: true, allowNotFound: true }],
      'lstat /x: no such file or directory',
    ],
    ['below a file', ['/fx/y', { allowNotFound: true }], 'unlinkat /fx/y: not a directory'],
    ['deep below a file', ['/fx/y/z', { allowNotFound: true }], 'lstat /fx/y: not a directory'],
    ['the root', ['/'], 'rmPath: invalid empty path'],
    ['the root, in other words', ['/d/..'], 'rmPath: invalid empty path'],
  ])('%s', async (_, args, expected) => {
    const draft = draftOn(TREE);
    expect(await outcome(draft, () => rm(draft, rmOf(...args)))).toEqual(expected);
  });
});

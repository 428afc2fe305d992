import { describe, expect, it } from 'vitest';
import { FolderTree } from '../../tree/folder-tree.ts';
import {
  folderOf,
  isRoot,
  type Listing,
  LONG_AGO,
  mark,
  timeAt,
  treeOf,
  xattrsAt,
} from '../../tree/testing/folder.ts';
import type { Tree } from '../../tree/tree.ts';
import { copy } from './copy.ts';
import { copyOf, jobOf, outcome, owner } from './testing/drafts.ts';

const SOURCE: Listing = {
  '/d': 'dir 750',
  '/d/a.txt': 'file 640 a',
  '/d/b.md': 'file 600 b',
  '/d/l': 'link a.txt',
  '/d/s': 'dir 711',
  '/d/s/c.txt': 'file 444 c',
  '/f': 'file 755 f',
  '/ld': 'link d',
  '/lf': 'link /f',
  '/out': 'link ../../../f',
};
const DEST: Listing = {
  '/e': 'dir 700',
  '/e/old': 'file 600 old',
  '/g': 'file 600 g',
  '/le': 'link e',
  '/lg': 'link g',
  '/gone': 'link new',
};

const D: Listing = {
  '': 'dir 750',
  '/a.txt': 'file 640 a',
  '/b.md': 'file 600 b',
  '/l': 'link a.txt',
  '/s': 'dir 711',
  '/s/c.txt': 'file 444 c',
};
const dAt = (place: string, top?: string): Listing =>
  Object.fromEntries(
    Object.entries({ ...D, ...(top !== undefined && { '': top }) }).map(([path, words]) => [
      place + path,
      words,
    ]),
  );

type Case = [string, Parameters<typeof copyOf>, Listing | string];
const parents = { createDestPath: true };
const contents = { dirCopyContents: true };

async function check([, args, expected]: Case, source = SOURCE, dest = DEST): Promise<void> {
  const job = jobOf(source, dest);
  const made = await outcome(job.draft, () => copy(job, copyOf(...args)));
  if (typeof expected === 'string') expect(made).toBe(expected);
  else expect(made).toEqual(Object.fromEntries(Object.entries({ ...dest, ...expected }).sort()));
}

describe('copy: where things go', () => {
  it.each<Case>([
    ['file to a new name', ['/f', '/n'], { '/n': 'file 755 f' }],
    ['file into a directory', ['/f', '/e'], { '/e/f': 'file 755 f' }],
    ['file into a directory, slash', ['/f', '/e/'], { '/e/f': 'file 755 f' }],
    ['file into a new directory', ['/f', '/n/'], { '/n': 'dir 755', '/n/f': 'file 755 f' }],
    ['file over a file', ['/f', '/g'], { '/g': 'file 755 f' }],
    ['file through a link to a file', ['/f', '/lg'], { '/g': 'file 755 f' }],
    ['file through a dangling link', ['/f', '/gone'], { '/new': 'file 755 f' }],
    ['file into a linked directory', ['/f', '/le'], { '/e/f': 'file 755 f' }],
    ['file to dot', ['/f', '.'], { '/f': 'file 755 f' }],
    [
      'file with parents',
      ['/f', '/x/y/z', parents],
      { '/x': 'dir 755', '/x/y': 'dir 755', '/x/y/z': 'file 755 f' },
    ],
    ['directory to a new name', ['/d', '/n'], dAt('/n')],
    ['directory to a new name, slash', ['/d', '/n/'], { '/n': 'dir 755', ...dAt('/n/d') }],
    ['directory into a directory', ['/d', '/e'], dAt('/e/d')],
    ['directory into the root', ['/d', '/'], dAt('/d')],
    ['contents to a new name', ['/d', '/n', contents], dAt('/n', 'dir 755')],
    ['contents into a directory', ['/d', '/e', contents], dAt('/e', 'dir 700')],
    ['contents through a link', ['/d', '/le', contents], dAt('/e', 'dir 700')],
    ['the directory itself, by a dot', ['/d/.', '/e'], dAt('/e', 'dir 700')],
    [
      'root into a directory',
      ['/', '/e'],
      {
        ...dAt('/e/d'),
        '/e/f': 'file 755 f',
        '/e/ld': 'link d',
        '/e/lf': 'link /f',
        '/e/out': 'link ../../../f',
        '/e': 'dir 700',
      },
    ],
    ['a link as it is', ['/lf', '/e'], { '/e/lf': 'link /f' }],
    ['a link followed keeps its name', ['/ld', '/e', { followSymlink: true }], dAt('/e/ld')],
    ['a link followed stays inside', ['/out', '/n', { followSymlink: true }], { '/n': 'file 755 f' }],
    ['a link on the way', ['/ld/a.txt', '/n'], { '/n': 'file 640 a' }],
    ['out of the root', ['../../f', '../../n'], { '/n': 'file 755 f' }],
    ['to a missing directory', ['/f', '/x/y'], 'failed to stat /x/y: lstat /x: no such file or directory'],
    ['below a file', ['/f', '/g/y', parents], 'mkdir /g: not a directory'],
    ['directory over a file', ['/d', '/g'], 'mkdir /g: not a directory'],
    ['contents over a file', ['/d', '/g', contents], 'cannot copy to non-directory: /g'],
    ['file over a directory', ['/f', '/e/old/..'], { '/e/f': 'file 755 f' }],
    ['what is missing', ['/none', '/n'], 'lstat /none: no such file or directory'],
    ['what is below a file', ['/f/x', '/n'], 'lstat /f/x: not a directory'],
  ])('%s', (...args) => check(args));

  it.each<Case>([
    [
      'file over a nested link',
      ['/d', '/e', contents],
      {
        '/e': 'dir 755',
        '/e/a.txt': 'file 640 a',
        '/e/b.md': 'file 600 b',
        '/e/l': 'link a.txt',
        '/e/s': 'dir 711',
        '/e/s/c.txt': 'file 444 c',
      },
    ],
  ])('%s', (...args) =>
    check(args, SOURCE, { '/e': 'dir 755', '/e/a.txt': 'link /etc/passwd', '/e/s': 'dir 777' }),
  );

  it.each<Case>([
    ['directory over a nested link', ['/d', '/e', contents], 'cannot copy to non-directory: /e/s'],
    [
      'directory over a nested link, replacing',
      ['/d', '/e', { ...contents, alwaysReplaceExistingDestPaths: true }],
      dAt('/e', 'dir 755'),
    ],
  ])('%s', (...args) => check(args, SOURCE, { '/e': 'dir 755', '/e/s': 'link /' }));

  it.each<Case>([
    [
      'file over a nested directory',
      ['/d', '/e', contents],
      'cannot replace to directory /e/a.txt with file',
    ],
    [
      'file over a nested directory, replacing',
      ['/d', '/e', { ...contents, alwaysReplaceExistingDestPaths: true }],
      dAt('/e', 'dir 755'),
    ],
  ])('%s', async (...args) => {
    const job = jobOf(SOURCE, { '/e': 'dir 755', '/e/a.txt': 'dir 755', '/e/a.txt/x': 'file 644 x' });
    expect(await outcome(job.draft, () => copy(job, copyOf(...args[1])))).toEqual(args[2]);
  });
});

describe('copy: wildcards', () => {
  const wild = { allowWildcard: true };
  it.each<Case>([
    ['some', ['/d/*.*', '/e', wild], { '/e/a.txt': 'file 640 a', '/e/b.md': 'file 600 b' }],
    ['directories as a whole', ['/d/s*', '/e', wild], { '/e/s': 'dir 711', '/e/s/c.txt': 'file 444 c' }],
    ['in a linked directory: none', ['/ld/*', '/e', wild], '/ld/* not found'],
    [
      'in a linked directory, followed',
      ['/ld/a*', '/e', { ...wild, followSymlink: true }],
      { '/e/a.txt': 'file 640 a' },
    ],
    ['none allowed', ['/d/*.zip', '/e', { ...wild, allowEmptyWildcard: true }], {}],
    ['none', ['/d/*.zip', '/e', wild], '/d/*.zip not found'],
    [
      'no wildcard in it',
      ['/none', '/e', { ...wild, allowEmptyWildcard: true }],
      'lstat /none: no such file or directory',
    ],
    [
      'in nothing',
      ['/none/*', '/e', { ...wild, allowEmptyWildcard: true }],
      'lstat /none: no such file or directory',
    ],
    ['not meant', ['/d/*.txt', '/e'], 'lstat /d/*.txt: no such file or directory'],
    ['several over one name', ['/d/*.*', '/n', wild], { '/n': 'file 600 b' }],
  ])('%s', (...args) => check(args));
});

describe('copy: patterns', () => {
  const only = (...includePatterns: string[]) => ({ includePatterns });
  const not = (...excludePatterns: string[]) => ({ excludePatterns });
  it.each<Case>([
    ['include', ['/d', '/n', only('*.txt')], { '/n': 'dir 750', '/n/a.txt': 'file 640 a' }],
    [
      'include deep',
      ['/d', '/n', only('**/*.txt')],
      { '/n': 'dir 750', '/n/a.txt': 'file 640 a', '/n/s': 'dir 711', '/n/s/c.txt': 'file 444 c' },
    ],
    [
      'include a directory',
      ['/d', '/n', only('s')],
      { '/n': 'dir 750', '/n/s': 'dir 711', '/n/s/c.txt': 'file 444 c' },
    ],
    ['include nothing', ['/d', '/n', only('zip')], { '/n': 'dir 750' }],
    ['include with a slash in front', ['/d', '/n', only('/s')], { '/n': 'dir 750' }],
    ['include on a file', ['/f', '/n', only('zip')], { '/n': 'file 755 f' }],
    [
      'exclude',
      ['/d', '/n', not('s', 'l')],
      { '/n': 'dir 750', '/n/a.txt': 'file 640 a', '/n/b.md': 'file 600 b' },
    ],
    [
      'exclude all but',
      ['/d', '/n', not('*', '!s/c.txt')],
      { '/n': 'dir 750', '/n/s': 'dir 711', '/n/s/c.txt': 'file 444 c' },
    ],
    [
      'both',
      ['/d', '/n', { ...only('**/*.txt'), ...not('s') }],
      { '/n': 'dir 750', '/n/a.txt': 'file 640 a' },
    ],
    ['malformed', ['/d', '/n', only('a', '[b')], 'invalid includepatterns: [a [b]: syntax error in pattern'],
    ['malformed', ['/d', '/n', not('[')], 'invalid excludepatterns: [[]: syntax error in pattern'],
  ])('%s', (...args) => check(args));

  it('takes over the mode of a directory that is only passed through', () =>
    check(
      [
        '',
        ['/d', '/e', { ...contents, ...only('s/c.txt') }],
        { '/e/s': 'dir 711', '/e/s/c.txt': 'file 444 c' },
      ],
      SOURCE,
      {
        '/e': 'dir 700',
        '/e/s': 'dir 777',
      },
    ));

  it('puts nothing through a link on the way', () =>
    check(
      [
        '',
        ['/d', '/e', { ...contents, ...only('s/c.txt'), alwaysReplaceExistingDestPaths: true }],
        'cannot copy to non-directory: /e/s',
      ],
      SOURCE,
      {
        '/e': 'dir 700',
        '/e/s': 'link /x',
        '/x/c.txt': 'file 600 stays',
      },
    ));
});

describe('copy: what an entry becomes', () => {
  it.each<Case>([
    [
      'a number as mode',
      ['/d', '/n', { mode: 0o2604 }],
      {
        '/n': 'dir 2604',
        '/n/a.txt': 'file 2604 a',
        '/n/b.md': 'file 2604 b',
        '/n/l': 'link a.txt',
        '/n/s': 'dir 2604',
        '/n/s/c.txt': 'file 2604 c',
      },
    ],
    [
      'a number also for parents',
      ['/f', '/x/y', { ...parents, mode: 0o4604 }],
      { '/x': 'dir 604', '/x/y': 'file 4604 f' },
    ],
    [
      'words as mode',
      ['/d/s', '/n', { modeStr: 'u=rwX,go=' }],
      { '/n': 'dir 700', '/n/c.txt': 'file 600 c' },
    ],
    [
      'words not for parents',
      ['/f', '/x/y', { ...parents, modeStr: '0600', mode: 0o777 }],
      { '/x': 'dir 755', '/x/y': 'file 600 f' },
    ],
    ['wrong words', ['/f', '/n', { modeStr: 'zzz' }], 'invalid syntax'],
  ])('%s', (...args) => check(args));

  it('keeps times, gives a directory its own after it was filled, touches the one it fills', async () => {
    const job = jobOf(SOURCE, DEST);
    await copy(job, copyOf('/d', '/n'));
    await copy(job, copyOf('/f', '/e'));
    expect(['/n', '/n/a.txt', '/n/s', '/n/l', '/e/f'].map((path) => timeAt(job.draft, path))).toEqual(
      Array(5).fill(LONG_AGO),
    );
    expect([timeAt(job.draft, '/e'), timeAt(job.draft, '/')]).toEqual(['now', 'now']);
  });

  it('gives the time asked for, to made parents too, and to a directory that was there', async () => {
    const job = jobOf(SOURCE, DEST);
    await copy(job, copyOf('/d', '/x/y/z', { createDestPath: true, timestamp: 7n }));
    await copy(job, copyOf('/d', '/e', { dirCopyContents: true, timestamp: 8n }));
    const times = ['/x', '/x/y', '/x/y/z', '/x/y/z/l', '/x/y/z/s/c.txt'].map((path) =>
      timeAt(job.draft, path),
    );
    expect(times).toEqual(Array(5).fill(7n));
    expect(timeAt(job.draft, '/e')).toBe(8n);
  });

  it('gives a directory that was there the time of the source, and nothing else', async () => {
    const job = jobOf(SOURCE, DEST);
    await copy(job, copyOf('/d', '/e', { dirCopyContents: true, mode: 0o777 }));
    expect(timeAt(job.draft, '/e')).toBe(LONG_AGO);
    expect(job.draft.lookup('/e')!.stat.mode).toBe(0o700);
  });

  it.runIf(isRoot)('copies the special: devices, fifos, sockets, owners, hard links, xattrs', async () => {
    const folder = folderOf({
      '/s/c': 'char 640 1:2 1,3',
      '/s/b': 'block 600 8,1',
      '/s/p': 'fifo 622',
      '/s/k': 'socket 755',
      '/s/f': 'file 4755 5:6 x',
      '/s/h': 'hard /s/f',
      '/s/x': 'file 644 x',
    });
    mark(folder, '/s/x', 'user.mine', 'value');
    mark(folder, '/s', 'trusted.overlay.opaque', 'y');
    const job = jobOf(new FolderTree(folder), {});
    await copy(job, copyOf('/s', '/s'));
    expect(await outcome(job.draft, () => {})).toEqual({
      '/s': 'dir 755',
      // A block device becomes a character device, a socket an empty file.
      '/s/b': 'char 600 8,1',
      '/s/c': 'char 640 1:2 1,3',
      '/s/f': 'file 4755 5:6 x',
      '/s/h': 'hard /s/f',
      '/s/k': 'file 755',
      '/s/p': 'fifo 622',
      '/s/x': 'file 644 x',
    });
    expect(xattrsAt(job.draft, '/s/x')).toEqual({ 'user.mine': 'value' });
    expect(xattrsAt(job.draft, '/s')).toEqual({});
  });

  it.runIf(isRoot)('gives everything one owner, created parents too', async () => {
    const job = jobOf({ '/d/f': 'file 4755 5:6 x', '/d/l': 'link f' }, {}, { owner: owner(7, 8) });
    await copy(job, copyOf('/d', '/x/d', parents));
    expect(await outcome(job.draft, () => {})).toEqual({
      '/x': 'dir 755 7:8',
      '/x/d': 'dir 755 7:8',
      '/x/d/f': 'file 4755 7:8 x',
      '/x/d/l': 'link f 7:8',
    });
  });

  it('shares the inode of a file that changes nothing, and of no other', async () => {
    const folder = treeOf(SOURCE);
    const layer: Tree = {
      lookup(path) {
        const entry = folder.lookup(path);
        return entry && { ...entry, layer: 'a layer' };
      },
      list: (path) => folder.list(path),
    };
    const job = jobOf(layer, {});
    await copy(job, copyOf('/d/a.txt', '/same'));
    await copy(job, copyOf('/d/b.md', '/mode', { mode: 0o644 }));
    await copy({ ...job, share: false }, copyOf('/f', '/asked'));
    const shared = [
      ['/same', '/d/a.txt'],
      ['/mode', '/d/b.md'],
      ['/asked', '/f'],
    ].map(([to, from]) => job.draft.lookup(to!)!.stat.ino === folder.lookup(from!)!.stat.ino);
    expect(shared).toEqual([true, false, false]);
  });
});

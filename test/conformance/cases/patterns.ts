/** Wildcards and include/exclude patterns of Copy, and those of Local. */
import { type CopyInfo, Diff, Local, type LocalInfo } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import { ARCHIVES, source, TREE } from '../fixtures.ts';
import { copy, dir, file, layer, link, on, type Step } from '../vocabulary.ts';

function take(about: string, src: string, options: CopyInfo, dest = '/t/'): CaseSource {
  return { about, locals: ARCHIVES, build: () => layer(dir('/t'), copy(source(), src, dest, options)) };
}

/** A daemon keeps one copy of a folder for all patterns, unless hints differ; its directories' times depend on who came first. */
function local(about: string, options: LocalInfo): CaseSource {
  return {
    about,
    locals: TREE,
    build: () => Local('tree', { ...options, sharedKeyHint: JSON.stringify(options) }),
  };
}

/** Not compared: a daemon sends a file that came empty again, which moves the time of its directory. */
const TODAY = 2_000_000_000;

/** A tree whose entries different patterns select. */
const NESTED = {
  nested: [
    { path: 'a', type: 'dir', mtime: TODAY },
    { path: 'b', type: 'dir', mtime: TODAY },
    { path: 'a/c', content: 'a/c' },
    { path: 'b/c', content: 'b/c' },
    { path: 'b/d', content: 'b/d' },
    { path: 'd/b/x', content: 'd/b/x' },
    { path: 'b/h', type: 'hardlink', target: 'a/c' },
  ],
} as const;

function filtered(about: string, options: LocalInfo): CaseSource {
  return {
    about,
    locals: NESTED,
    build: () => Local('nested', { ...options, sharedKeyHint: `nested ${JSON.stringify(options)}` }),
  };
}

/** A destination that has something else where the source has a directory that the patterns pass over. */
function passing(about: string, inTheWay: Step, options: CopyInfo = {}): CaseSource {
  return {
    about,
    build: () =>
      on(
        layer(dir('/t'), file('/t/f', 'f'), inTheWay),
        copy(layer(dir('/s/a/b'), file('/s/a/x', 'x'), file('/s/y', 'y')), '/s', '/t', {
          copyDirContentsOnly: true,
          includePatterns: ['y'],
          ...options,
        }),
      ),
  };
}

/** The result of a copy from an empty state. */
function fromNothing(about: string, src: string, options: CopyInfo = {}): CaseSource {
  const nothing = () => Diff(layer(file('/x', 'x')), layer(file('/x', 'x')));
  return { about, build: () => layer(file('/y', 'y'), copy(nothing(), src, '/t', options)) };
}

function unpack(about: string, src: string, dest: string, options: CopyInfo = {}): CaseSource {
  return {
    about,
    locals: ARCHIVES,
    build: () =>
      layer(
        dir('/t'),
        file('/t/p', 'a file'),
        copy(Local('archives'), src, dest, { attemptUnpack: true, ...options }),
      ),
  };
}

const wild = { allowWildcard: true };

export const patterns: CaseGroup = {
  'wildcard-files': take('each match', '/*.txt', wild),
  'wildcard-all': take('hidden files too', '/*', wild),
  'wildcard-all-contents': take('directories are opened', '/*', { ...wild, copyDirContentsOnly: true }),
  'wildcard-nested': take('in each directory', '/*/c.txt', wild),
  'wildcard-question': take('one character', '/dir?', wild),
  'wildcard-class': take('a set', '/[ab].*', wild),
  'wildcard-not-class': take('all but a set', '/[^a-l]*', wild),
  'wildcard-none': take('is an error', '/*.none', wild),
  'wildcard-none-allowed': take('is none', '/*.none', { ...wild, allowEmptyWildcard: true }),
  'wildcard-not-allowed': take('is literal', '/glob/a[1].txt', {}),
  'wildcard-brackets': take('matches what the set says', '/glob/a[1].txt', wild),
  'wildcard-double-star': take('is one star', '/**/e.txt', wild),
  'wildcard-below-link': take('a linked directory is not entered', '/link-dir*/c.txt', wild),
  'wildcard-below-link-followed': take('with following it is', '/link-dir/*.txt', {
    ...wild,
    followSymlinks: true,
  }),
  'wildcard-one-name': take('several files to one name', '/*.txt', wild, '/t/name'),

  include: take('only these', '/', { includePatterns: ['**/*.txt'] }),
  'include-directory': take('a directory with all in it', '/', { includePatterns: ['dir'] }),
  'include-star': take('one level', '/', { includePatterns: ['*.md'] }),
  'include-none': take('nothing', '/dir', { includePatterns: ['nothing'] }, '/t/new'),
  'include-below': take('relative to the source', '/dir', { includePatterns: ['deep/*.md'] }),
  'include-leading-slash': take('matches nothing', '/', { includePatterns: ['/a.txt'] }),
  'include-wrong': take('is an error', '/', { includePatterns: ['['] }),
  'include-on-file': take('is ignored for a file', '/a.txt', { includePatterns: ['nothing'] }),
  exclude: take('all but these', '/', { excludePatterns: ['**/*.md', 'dir2'] }),
  'exclude-exception': take('an exception brings back', '/', { excludePatterns: ['dir', '!dir/deep/e.txt'] }),
  'exclude-all-but': take('everything out, some back', '/', {
    excludePatterns: ['*', '!a.txt', '!dir/c.txt'],
  }),
  'include-and-exclude': take('exclude wins', '/', {
    includePatterns: ['dir'],
    excludePatterns: ['dir/deep'],
  }),
  'include-with-wildcard': take('for each match', '/dir*', { ...wild, includePatterns: ['*.txt'] }),
  'required-there': take('is satisfied', '/', { includePatterns: ['dir'], requiredPaths: ['/dir/c.txt'] }),
  'required-missing': take('is an error', '/', { includePatterns: ['dir'], requiredPaths: ['/nothing'] }),

  'pass-over-file': passing('a file is an error', file('/t/a', 'a')),
  'pass-over-file-excluded': passing('also where it is excluded, but for an exception', file('/t/a', 'a'), {
    includePatterns: [],
    excludePatterns: ['a', '!nothing'],
  }),
  'pass-over-file-not-looked-at': passing('what is excluded at once is not looked at', file('/t/a', 'a'), {
    includePatterns: [],
    excludePatterns: ['a'],
  }),
  'pass-over-loop': passing('a circle of links is an error', link('a', '/t/a')),
  'pass-over-dangling': passing('a link that leads nowhere is none', link('nowhere', '/t/a')),
  'pass-over-link-to-file': passing('a link to a file is an error', link('f', '/t/a')),
  'pass-over-link-to-directory': passing('a link to a directory is none', link('.', '/t/a')),

  'nothing-root': fromNothing('the root is empty', '/'),
  'nothing-path': fromNothing('has no path', '/d'),
  'nothing-wildcard': fromNothing('is an error while the key is made', '/d*', wild),
  'nothing-wildcard-allowed': fromNothing('even where no match is allowed', '/d*', {
    ...wild,
    allowEmptyWildcard: true,
  }),
  'nothing-include': fromNothing('patterns of the root', '/', { includePatterns: ['a'] }),

  'local-whole': local('as it is', {}),
  'local-include': local('only these, with their parents', { includePatterns: ['**/*.md'] }),
  'local-exclude': local('all but these', { excludePatterns: ['dir', '*.md'] }),
  'local-exclude-exception': local('with an exception', { excludePatterns: ['dir', '!dir/deep'] }),
  'local-include-exclude': local('exclude wins', { includePatterns: ['dir'], excludePatterns: ['**/*.txt'] }),
  'local-follow': local('a link brings what it leads to', { followPaths: ['link-chain'] }),
  'local-follow-glob': local('patterns too', { followPaths: ['link-*'] }),
  'local-follow-out': local('never out of the folder', { followPaths: ['link-out'] }),
  'local-include-exception': filtered('an exception takes back what is asked for by its whole path', {
    includePatterns: ['*/c', '!b'],
  }),
  'local-exclude-exception-parent': filtered('and of excludes', { excludePatterns: ['*/c', '!b', '*/d'] }),
  'local-exception-of-linked': filtered('a hard link to what comes empty', {
    includePatterns: ['*/c', '!a', '*/h'],
  }),
  'local-include-bars': filtered('bars have a meaning in a pattern, but not where the walk may end', {
    includePatterns: ['d/a|b/*'],
  }),
  'local-metadata-linked': filtered('a further name without the first is an error', {
    metadataOnlyTransfer: ['b/h'],
  }),
  'local-metadata-exception': filtered('content that is asked for may come empty too', {
    includePatterns: ['*/c', '!b'],
    metadataOnlyTransfer: ['*/c'],
  }),
  'local-missing': { about: 'a folder that nobody gave is an error', build: () => Local('nobody') },

  'unpack-tar': unpack('into a directory', '/plain.tar', '/t/new'),
  'unpack-gzip': unpack('compressed', '/plain.tar.gz', '/t/new'),
  'unpack-over-file': unpack('a directory over a file', '/plain.tar', '/t'),
  'unpack-text': unpack('what is no archive is copied', '/not-an-archive', '/t/new'),
  'unpack-empty': unpack('an archive of nothing is copied', '/empty.tar', '/t/new'),
  'unpack-owner': unpack('an owner for all', '/plain.tar', '/t/new', { chown: '31:32' }),
  'unpack-upwards': unpack('names that lead out stay inside', '/upwards.tar', '/t/new'),
  'unpack-through-link': unpack('links of the archive are resolved inside', '/through-link.tar', '/t/new'),
  'unpack-wildcard': unpack('each match', '/p*.tar', '/t/new', wild),
  'unpack-not-asked': unpack('without the option it is a file', '/plain.tar', '/t/new', {
    attemptUnpack: false,
  }),
};

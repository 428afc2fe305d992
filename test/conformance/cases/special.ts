/** Devices, fifos, hard links, attributes and odd names through diffs and merges. */
import { Diff, Merge } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { ARCHIVES, special } from '../fixtures.ts';
import { copy, dir, file, layer, link, on, rm } from '../vocabulary.ts';

const locals = ARCHIVES;
const target = () =>
  layer(
    dir('/s'),
    file('/s/fifo', 'was a file'),
    file('/s/hard-a', 'other'),
    dir('/s/char'),
    file('/s/char/x', 'x'),
  );

export const specialFiles: CaseGroup = {
  'as-unpacked': { about: 'what the others start from', locals, build: special },
  'merged-over': {
    about: 'every type replaces a file or a directory',
    locals,
    build: () => Merge(target(), special()),
  },
  'merged-under': {
    about: 'a file and a directory replace special files',
    locals,
    build: () => Merge(special(), target()),
  },
  'diff-against-copy': {
    about: 'computed diff: nothing but what a copy cannot keep',
    locals,
    build: () => Diff(special(), layer(copy(special(), '/', '/'))),
  },
  'diff-all-new': {
    about: 'every type as an addition',
    locals,
    build: () => Merge(target(), Diff(target(), special())),
  },
  'diff-all-gone': {
    about: 'every type as a deletion',
    locals,
    build: () => Diff(special(), on(special(), rm('/s'))),
  },
  'fifo-replaced': {
    about: 'a fifo that became a file, seen alone',
    locals,
    build: () =>
      Diff(special(), on(special(), file('/s/fifo', 'a file'), rm('/s/char'), link('x', '/s/char'))),
  },
  'hard-link-one-name-changed': {
    about: 'the other names keep their content and stay linked',
    locals,
    build: () => on(special(), file('/s/hard-a', 'changed')),
  },
  'hard-link-one-name-changed-diff': {
    about: 'only the changed name',
    locals,
    build: () => Diff(special(), on(special(), file('/s/hard-a', 'changed'))),
  },
  'hard-link-one-name-removed': {
    about: 'the others stay linked',
    locals,
    build: () => on(special(), rm('/s/hard-a')),
  },
  'hard-links-in-merge': {
    about: 'one differ keeps its links, two do not link each other',
    locals,
    build: () =>
      Merge(
        special(),
        layer(dir('/t'), copy(special(), '/s/deep', '/t/'), copy(special(), '/s/hard-a', '/t/')),
      ),
  },
  'attributes-other-layer': {
    about: 'a directory that comes again takes the attributes of the later',
    locals,
    build: () => Merge(special(), layer(dir('/s/xattr-dir', { mode: 0o700 }))),
  },
  'copied-whole': {
    about: 'copy keeps all but the block device',
    locals,
    build: () => layer(copy(special(), '/s', '/copied')),
  },
};

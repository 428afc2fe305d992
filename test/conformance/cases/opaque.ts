/** Directories that were removed and made again in one layer: what they hide, on their own base and elsewhere. */
import { Diff, Merge } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { dir, file, layer, link, on, rm } from '../vocabulary.ts';

const base = on(
  layer(dir('/d/sub'), file('/d/a', 'a'), file('/d/sub/x', 'x')),
  file('/d/b', 'b'),
  file('/d/sub/y', 'y'),
);
const remade = on(
  base,
  rm('/d'),
  dir('/d', { mode: 0o711 }),
  file('/d/b', 'new b'),
  dir('/d/sub'),
  file('/d/sub/z', 'z'),
);
const other = layer(
  dir('/d/sub'),
  file('/d/a', 'other a'),
  file('/d/o', 'o'),
  file('/d/sub/o', 'o'),
  file('/d/sub/x', 'ox'),
);

export const opaque: CaseGroup = {
  'on-its-base': { about: 'hides everything below', build: () => remade },
  'diff-alone': { about: 'what was made anew', build: () => Diff(base, remade) },
  'diff-on-other': {
    about: 'deletes the names its base had, others survive',
    build: () => Merge(other, Diff(base, remade)),
  },
  'diff-on-base': { about: 'is the remade state', build: () => Merge(base, Diff(base, remade)) },
  'chain-on-other': { about: 'with the chain it was made in', build: () => Merge(other, remade) },
  'layer-above': {
    about: 'one more layer over an opaque one',
    build: () => on(remade, file('/d/a', 'again'), rm('/d/sub')),
  },
  'layer-above-on-other': {
    about: 'and the two on another tree',
    build: () => Merge(other, Diff(base, on(remade, file('/d/a', 'again'), rm('/d/sub')))),
  },
  twice: {
    about: 'removed and made again in two layers',
    build: () => Merge(other, Diff(base, on(remade, rm('/d'), dir('/d'), file('/d/last', 'l')))),
  },
  'link-then-directory': {
    about: 'a link replaced by a directory hides what the link led to',
    build: () => {
      const linked = on(base, rm('/d'), link('e', '/d'), dir('/e'), file('/e/in-e', 'e'));
      return Merge(other, Diff(base, on(linked, rm('/d'), dir('/d'), file('/d/n', 'n'))));
    },
  },
  'removed-then-made-above': {
    about: 'removed in one layer, made in the next',
    build: () => Merge(other, on(on(base, rm('/d')), dir('/d'), file('/d/n', 'n'))),
  },
  computed: {
    about: 'the same change found by comparing trees',
    build: () => Merge(other, Diff(base, Merge(layer(file('/z', 'z')), remade))),
  },
  'merge-of-three': {
    about: 'an addition, a removal of the directory, and a new one',
    build: () => {
      const none = on(base, rm('/d'));
      return Merge(
        layer(dir('/d'), file('/d/low', 'l')),
        Diff(base, none),
        layer(dir('/d'), file('/d/high', 'h')),
      );
    },
  },
  nested: {
    about: 'an inner directory remade inside a kept one',
    build: () => Merge(other, Diff(base, on(base, rm('/d/sub'), dir('/d/sub'), file('/d/sub/new', 'n')))),
  },
  'file-inside-removed': {
    about: 'removed with its directory, which came back empty',
    build: () => Merge(other, Diff(base, on(base, rm('/d/sub'), dir('/d/sub')))),
  },
};

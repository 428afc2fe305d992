/** The layers of a diff or merge whose sides share a chain (S: "known chain"). */
import { Diff, Merge, Scratch, type State } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { dir, file, layer, on, rm } from '../vocabulary.ts';

const a = layer(dir('/d'), file('/d/a', 'a'), file('/shared', 'a'));
const a2 = on(a, file('/a2', '2'), rm('/shared'));
const a3 = on(a2, file('/a3', '3'), rm('/a2'), file('/d/a', 'changed'));
const b = layer(dir('/d'), file('/d/b', 'b'), file('/shared', 'b'));
const c = layer(file('/c', 'c'), file('/shared', 'c'));
/** Holds everything that the chain touches, to see what is deleted. */
const target = layer(dir('/d'), file('/d/t', 't'), file('/a2', 'target'), file('/shared', 'target'));

const onTarget = (diff: State): State => Merge(target, diff);

export const chains: CaseGroup = {
  'merge-of-chains': { about: 'all layers of both', build: () => Merge(a2, b) },
  'merge-with-itself': { about: 'the same layer twice', build: () => Merge(a, b, a) },
  'file-on-merge': {
    about: 'a layer on a merge',
    build: () => on(Merge(a2, b), file('/f', 'f'), rm('/d/b')),
  },
  'merge-of-merges': { about: 'flattened', build: () => Merge(Merge(a, b), Merge(c, a2)) },
  'diff-two-layers': {
    about: 'the layers between, made and unmade included',
    build: () => onTarget(Diff(a, a3)),
  },
  'diff-two-layers-alone': { about: 'the same, seen alone', build: () => Diff(a, a3) },
  'diff-last-layer': { about: 'one layer', build: () => onTarget(Diff(a2, a3)) },
  'diff-backwards': { about: 'computed: takes back', build: () => onTarget(Diff(a3, a)) },
  'diff-backwards-alone': { about: 'computed, seen alone', build: () => Diff(a3, a) },
  'diff-of-strangers': { about: 'computed', build: () => onTarget(Diff(a, b)) },
  'diff-to-nothing': { about: 'deletes all', build: () => Merge(target, Diff(a, Scratch())) },
  'diff-merge-longer-by-one': {
    about: 'merges that differ by their last layer are compared as trees',
    build: () => onTarget(Diff(Merge(a, b), Merge(a, b, c))),
  },
  'diff-merge-longer-by-two': {
    about: 'merges that differ by two layers are taken layer by layer',
    build: () => onTarget(Diff(a, Merge(a, b, c))),
  },
  'diff-file-on-merge': {
    about: 'a layer of the merge and one above',
    build: () => onTarget(Diff(a, on(Merge(a, b), file('/z', 'z')))),
  },
  'diff-deletion-on-merge': {
    about: 'a deletion above a merge',
    build: () => onTarget(Diff(Merge(a, b), on(Merge(a, b), rm('/shared')))),
  },
  'diff-two-deletions-on-merge': {
    about: 'two layers above a merge',
    build: () => onTarget(Diff(Merge(a, b), on(on(Merge(a, b), rm('/shared')), rm('/d/b'), file('/y', 'y')))),
  },
  'diff-of-diffs': { about: 'two diffs as trees', build: () => onTarget(Diff(Diff(a, a2), Diff(a, a3))) },
  'diff-on-a-diff': {
    about: 'a layer on a diff',
    build: () => onTarget(Diff(Diff(a, a2), on(Diff(a, a2), file('/on-diff', 'x'), rm('/a2')))),
  },
  'file-on-a-diff': {
    about: 'a diff as base of a file op',
    build: () => onTarget(on(Diff(a, a3), file('/on-diff', 'x'))),
  },
  'file-on-a-deletion': {
    about: 'deletions of a diff stay in the layers above it',
    build: () => Merge(target, on(Diff(a, on(a, rm('/shared'))), file('/more', 'm'))),
  },
  'diff-of-merge-and-part': {
    about: 'a merge against its second part',
    build: () => onTarget(Diff(b, Merge(a, b))),
  },
  'diff-of-merge-and-first': {
    about: 'a merge against its first part',
    build: () => onTarget(Diff(a, Merge(a, b))),
  },
  'diff-of-diff-and-whole': {
    about: 'a diff against what it was cut from',
    build: () => onTarget(Diff(Diff(a, a3), a3)),
  },
  'merge-of-diffs': {
    about: 'pieces in another order',
    build: () => Merge(target, Diff(a2, a3), Diff(a, a2)),
  },
  'diff-from-scratch-chain': {
    about: 'from nothing: the chain itself',
    build: () => onTarget(Diff(Scratch(), a3)),
  },
  'nested-three-deep': {
    about: 'a diff of a merge of diffs',
    build: () => Merge(target, Diff(Merge(c, Diff(a, a2)), Merge(c, Diff(a, a3), b))),
  },
  'deep-chain': {
    about: 'sixty layers, each with a file more and one less',
    build: () => {
      let state = layer(file('/0', '0'));
      for (let n = 1; n < 60; n++) state = on(state, file(`/${n}`, `${n}`), rm(`/${n - 1}`));
      return Merge(layer(file('/7', 'below'), file('/kept', 'kept')), state);
    },
  },
};

/** The worked examples of the MergeOp and DiffOp proposals. */
import { Diff, Merge, Scratch } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { dir, file, layer, on, rm } from '../vocabulary.ts';

const all = { mode: 0o777 };
const A = layer(file('/foo', 'A', all), file('/a', 'A', all));
const B = layer(file('/foo', 'B', all), file('/b', 'B', all));
const C = layer(file('/foo', 'C', all), file('/c', 'C', all));
const AwithoutFoo = on(A, rm('/foo'), file('/b', 'B', all));

const base = layer(file('/foo', '1'), file('/bar', '2'));
const modified = on(base, file('/qaz', '3'), rm('/bar'));
const base2 = layer(file('/foo', '1'));

const b = on(layer(file('/a', 'a'), file('/x', 'a')), dir('/d'), file('/d/b', 'b'));
const c = on(b, file('/x', 'c'), file('/d/c', 'c'));
const d = on(c, rm('/a'), file('/d/d', 'd'));

export const examples: CaseGroup = {
  'merge-later-wins': { about: 'the later state wins on /foo', build: () => Merge(A, B) },
  'merge-order-counts': { about: 'the other order, the other /foo', build: () => Merge(B, A) },
  'deleted-below-is-hidden': {
    about: 'a file made above a deletion of it stays',
    build: () => Merge(AwithoutFoo, C),
  },
  'deletion-travels': {
    about: 'a deletion removes what lies below it in a merge',
    build: () => Merge(C, AwithoutFoo),
  },
  'deletion-of-nothing': {
    about: 'removing what is not there records nothing',
    build: () => Merge(C, on(layer(file('/a', 'A')), rm('/c', { allowNotFound: true }))),
  },
  'diff-of-a-change': { about: 'one addition, one deletion', build: () => Diff(base, modified) },
  'merge-with-own-diff': {
    about: 'base and its diff are the modified state',
    build: () => Merge(base, Diff(base, modified)),
  },
  'diff-against-a-diff': {
    about: 'markers inside a diff are not seen by another diff',
    build: () => Diff(base2, Diff(base, modified)),
  },
  'merge-diff-against-a-diff': {
    about: 'a diff against a diff leads to what that diff shows',
    build: () => Merge(base2, Diff(base2, Diff(base, modified))),
  },
  'diff-drops-the-lower-chain': { about: 'Diff(A→B, A→B→C→D) is C→D', build: () => Diff(b, d) },
  'diff-of-strangers': {
    about: 'two states without a common layer',
    build: () => Diff(b, on(A, file('/d', 'a file'))),
  },
  'diff-from-scratch': { about: 'the state itself', build: () => Diff(Scratch(), d) },
  'diff-of-the-same': { about: 'nothing', build: () => Merge(A, Diff(d, d)) },
  'merge-reaches-the-target': {
    about: 'Merge(A, Diff(A, B)) holds what B holds',
    build: () => Merge(A, Diff(A, d)),
  },
  'diff-to-a-cut-out-piece': {
    about: 'C→D cut out of A→B→C→D does not stand on A→B any more',
    build: () => Merge(b, Diff(b, Diff(b, d))),
  },
  'diff-backwards': { about: 'Diff(A→B→C, A) takes back what B→C did', build: () => Merge(d, Diff(d, b)) },
  'only-deletions': {
    about: 'a diff of deletions only shows nothing',
    build: () => Diff(base, on(base, rm('/foo'), rm('/bar'))),
  },
  'only-deletions-merged': {
    about: 'a diff of deletions only still deletes',
    build: () => Merge(A, Diff(base, on(base, rm('/foo')))),
  },
};

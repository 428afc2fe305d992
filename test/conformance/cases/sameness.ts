/** Differences that count as changes: modes, owners, sizes, times; contents only where both times are whole seconds. */
import { Diff, Merge, type State } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import {
  chain,
  dir,
  file,
  LATER,
  layer,
  link,
  on,
  rm,
  SECOND,
  type Step,
  WITH_NANOSECONDS,
} from '../vocabulary.ts';

const first = layer(
  dir('/d'),
  file('/d/whole', 'same size 1', { time: SECOND }),
  file('/d/nanos', 'same size 1', { time: WITH_NANOSECONDS }),
  file('/d/other', 'untouched'),
  file('/d/empty', ''),
  link('target', '/d/link'),
);

/** The diff of `first` and the same state with one change, seen on its own. */
function changed(about: string, ...steps: readonly Step[]): CaseSource {
  return { about, build: () => differs(on(first, ...steps)) };
}

/** Stands on layers of its own, so that the diff is computed and not read off the chain. */
function differs(second: State): State {
  return Diff(first, Merge(layer(dir('/elsewhere')), second).File(chain([rm('/elsewhere')])));
}

export const sameness: CaseGroup = {
  'nothing-changed': { about: 'the same tree on other layers', build: () => differs(first) },
  'whole-second-same-bytes': changed('no change', rm('/d/whole'), file('/d/whole', 'same size 1')),
  'whole-second-other-bytes': changed(
    'contents are compared',
    rm('/d/whole'),
    file('/d/whole', 'same size 2'),
  ),
  'nanoseconds-same-bytes': changed('no change', file('/d/nanos', 'same size 1', { time: WITH_NANOSECONDS })),
  'nanoseconds-other-bytes': changed('missed', file('/d/nanos', 'same size 2', { time: WITH_NANOSECONDS })),
  'other-time-same-bytes': changed('a time is a change', file('/d/whole', 'same size 1', { time: LATER })),
  'other-nanoseconds-same-bytes': changed(
    'so are nanoseconds',
    file('/d/nanos', 'same size 1', { time: SECOND }),
  ),
  'other-size': changed('a size is a change', file('/d/whole', 'longer than before')),
  'other-mode': changed('a mode is a change', file('/d/whole', 'same size 1', { mode: 0o600 })),
  'other-owner': changed('an owner is a change', file('/d/whole', 'same size 1', { chown: '7:8' })),
  'empty-file-same-time': changed('empty files are equal', rm('/d/empty'), file('/d/empty', '')),
  'link-to-elsewhere': changed(
    'a target is a change',
    rm('/d/link', { allowNotFound: true }),
    link('target2', '/d/link'),
  ),
  'link-same-length': changed(
    'targets are read',
    rm('/d/link', { allowNotFound: true }),
    link('tegrat', '/d/link'),
  ),
  'link-same': changed('no change', rm('/d/link', { allowNotFound: true }), link('target', '/d/link')),
  'directory-other-mode': changed('of directories, modes count', rm('/d'), dir('/d', { mode: 0o700 })),
  'directory-other-time': {
    about: 'times of directories do not count',
    build: () => Diff(layer(dir('/d', { time: SECOND })), layer(dir('/d', { time: LATER }))),
  },
  'file-to-directory': changed('a type is a change', rm('/d/other'), dir('/d/other')),
  'one-layer-rewritten-same': {
    about: 'on one layer, what was written again unchanged is no change',
    build: () => Diff(first, on(first, rm('/d/whole'), file('/d/whole', 'same size 1'))),
  },
  'one-layer-nanoseconds-other-bytes': {
    about: 'on one layer too, equal nanoseconds hide other bytes',
    build: () => Diff(first, on(first, file('/d/nanos', 'same size 2', { time: WITH_NANOSECONDS }))),
  },
};

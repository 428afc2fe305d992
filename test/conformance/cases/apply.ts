/** Diffs laid over states that they were not made on. */
import { Diff, Merge, type State } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import { dir, file, LATER, layer, link, on, rm, type Step } from '../vocabulary.ts';

const base = layer(dir('/d'), file('/d/a', 'base a'), file('/d/b', 'base b'));
const other = layer(dir('/d', { mode: 0o700 }), file('/d/a', 'other a'), file('/d/c', 'other c'));

/** The changes that `steps` made to `base`, merged over `other`. */
function onOther(about: string, ...steps: readonly Step[]): CaseSource {
  return { about, build: () => Merge(other, Diff(base, on(base, ...steps))) };
}

function over(about: string, target: State, ...steps: readonly Step[]): CaseSource {
  return { about, build: () => Merge(target, Diff(base, on(base, ...steps))) };
}

export const apply: CaseGroup = {
  'delete-one': onOther('parents of a deletion are written too', rm('/d/a')),
  'delete-directory': onOther('the deletion of a directory takes what the base never had', rm('/d')),
  'recreate-directory': onOther('deletes only names that the base had', rm('/d'), dir('/d', { mode: 0o711 })),
  'recreate-directory-with-file': onOther(
    'and keeps what was made inside',
    rm('/d'),
    dir('/d'),
    file('/d/new', 'new'),
    dir('/d/sub'),
    file('/d/sub/deep', 'deep'),
  ),
  'directory-to-file': onOther('a file replaces the other directory', rm('/d'), file('/d', 'a file now')),
  'directory-to-link': onOther('a link replaces the other directory', rm('/d'), link('/elsewhere', '/d')),
  'file-to-directory': onOther(
    'a directory replaces the other file',
    rm('/d/a'),
    dir('/d/a'),
    file('/d/a/x', 'x'),
  ),
  'file-to-directory-over-directory': over(
    'a file that became a directory unites with a directory',
    layer(dir('/d/a'), file('/d/a/kept', 'kept')),
    rm('/d/a'),
    dir('/d/a'),
    file('/d/a/x', 'x'),
  ),
  'deletion-of-missing': over(
    'makes the parent directory and nothing else',
    layer(file('/only', 'only')),
    rm('/d/a'),
  ),
  'deletion-of-missing-tree': over('makes nothing at the root', layer(file('/only', 'only')), rm('/d')),
  'parent-is-a-link': over(
    'a parent that is a link in the target is replaced by a directory',
    layer(dir('/real'), file('/real/a', 'real a'), link('/real', '/d')),
    file('/d/new', 'new'),
  ),
  'deletion-below-a-link': over(
    'a deletion whose parent is a link in the target',
    layer(dir('/real'), file('/real/a', 'real a'), link('/real', '/d')),
    rm('/d/a'),
  ),
  'parent-is-a-file': over('a parent that is a file in the target', layer(file('/d', 'a file')), rm('/d/a')),
  'addition-below-a-file': over(
    'an addition below what is a file',
    layer(file('/d', 'a file')),
    file('/d/new', 'n'),
  ),
  'unite-directories': {
    about: 'directories unite; mode, owner and time are those of the later',
    build: () =>
      Merge(
        layer(dir('/d', { mode: 0o700, chown: '1:2', time: LATER }), file('/d/x', 'x')),
        layer(dir('/d', { mode: 0o755, chown: '3:4' }), file('/d/y', 'y')),
      ),
  },
  'directory-over-file': {
    about: 'the later directory wins',
    build: () => Merge(layer(file('/d', 'file')), base),
  },
  'file-over-directory': {
    about: 'the later file wins',
    build: () => Merge(base, layer(file('/d', 'file'))),
  },
  'link-over-directory': { about: 'the later link wins', build: () => Merge(base, layer(link('/x', '/d'))) },
  'directory-over-link': {
    about: 'the later directory wins, and the target of the link stays',
    build: () => Merge(layer(dir('/x'), file('/x/a', 'x a'), link('/x', '/d')), base),
  },
  'delete-then-make-again': {
    about: 'only what was made after the deletion is left',
    build: () => {
      const none = on(base, rm('/d'));
      return Merge(other, Diff(base, none), Diff(none, on(none, dir('/d'), file('/d/b', 'new b'))));
    },
  },
  'untouched-files-stay-out': {
    about: 'a diff holds only what changed',
    build: () => Diff(base, on(base, file('/d/a', 'changed', { mode: 0o600 }))),
  },
};

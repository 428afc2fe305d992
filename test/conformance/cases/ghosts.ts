/**
 * Ghosts: a merge that deletes a name in a directory which took the place of a file leaves a whiteout that the kernel lists and
 * nobody can look up. BuildKit fails where it has to compare or to walk such a directory.
 */
import { Diff, Merge, type State } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import { copy, dir, file, layer, on, rm, type Step } from '../vocabulary.ts';

const TOP = '/d';
const DEEP = '/a/d';

/** A merge with the ghost `x` in the directory `at`, between a `w` that is gone and `y` and `z` that are not exported. */
function ghost(at: string): State {
  const replaced = on(layer(dir(at), file(`${at}/w`, 'w'), file(`${at}/x`, 'x')), rm(at), file(at, 'a file'));
  const deletion = layer(dir(at), file(`${at}/x`, 'x'));
  return Merge([
    replaced,
    layer(dir(at), file(`${at}/y`, 'y'), file(`${at}/z`, 'z')),
    Diff(deletion, on(deletion, rm(`${at}/x`))),
  ]);
}

const other = () => layer(dir(TOP), file('/d/o', 'o'), file('/d/x', 'other'));
const onTop = (...steps: readonly Step[]) => on(ghost(TOP), ...steps);
const changes = (upper: State) => Diff(ghost(TOP), upper);
const anew = () => onTop(rm(TOP), dir(TOP), file('/d/new', 'new'));
const copied = (from: State, src: string, options = {}) =>
  on(layer(file('/k', 'k')), copy(from, src, '/e', { createDestPath: true, ...options }));
/** Merges of their own: BuildKit remembers which directories of one it has walked. */
const withMore = (name: string) => Merge([ghost(TOP), layer(dir(name), file(`${name}/p`, 'p'))]);

const one = (about: string, build: () => State): CaseSource => ({ about, build });

export const ghosts: CaseGroup = {
  itself: one('ends the listing of its directory', () => ghost(TOP)),
  moved: one('is left where it is', () => Merge([other(), ghost(TOP)])),
  'on-top': one('is hidden under a layer that has the directory', () => onTop(file('/d/new', 'new'))),
  'on-top-moved': one('which moves', () => Merge([other(), changes(onTop(file('/d/new', 'new')))])),
  'made-again': one('is a name as any other', () => Merge([other(), changes(onTop(file('/d/x', 'again')))])),
  'removed-with-directory': one('goes', () => Merge([other(), changes(onTop(rm(TOP)))])),
  'directory-to-file': one('goes', () => Merge([other(), changes(onTop(rm(TOP), file(TOP, 'f')))])),
  opaque: one('is hidden under an opaque directory', anew),
  'opaque-diff': one('which cannot be compared', () => changes(anew())),
  'opaque-moved': one('nor moved', () => Merge([other(), changes(anew())])),
  'opaque-moved-first': one('nor be the first', () => Merge([anew(), other()])),
  'opaque-then-file': one('but may stay', () => on(anew(), file('/k', 'k'))),
  'opaque-empty': one('though it hides nothing else', () => changes(onTop(rm(TOP), dir(TOP)))),
  'opaque-elsewhere': one('is not looked at', () => {
    const before = onTop(dir('/o/p'));
    return Merge([other(), Diff(before, on(before, rm('/o'), dir('/o')))]);
  }),
  'opaque-above': one('is looked at from above', () =>
    Diff(ghost(DEEP), on(ghost(DEEP), rm('/a'), dir('/a'))),
  ),
  'diff-from': one('ends a comparison', () => Diff(ghost(TOP), layer(dir(TOP), file('/d/q', 'q')))),
  'diff-to': one('ends a comparison', () => Diff(layer(dir(TOP), file('/d/q', 'q')), ghost(TOP))),
  'diff-both': one('though both have it', () =>
    Diff(ghost(TOP), on(Merge([other(), ghost(TOP)]), file('/k', 'k'))),
  ),
  copy: one('ends the key of a copy', () => copied(ghost(TOP), TOP)),
  'copy-root': one('of all', () => copied(ghost(TOP), '/', { copyDirContentsOnly: true })),
  'copy-wildcard': one('of matches', () => copied(ghost(TOP), '/d/*', { allowWildcard: true })),
  'copy-wildcard-elsewhere': one('wherever they are', () =>
    copied(withMore('/o1'), '/o1/*', { allowWildcard: true }),
  ),
  'copy-beside': one('of a file beside it', () => copied(ghost(TOP), '/d/z')),
  'copy-of-sibling': one('of a directory beside its directory', () => copied(withMore('/o2'), '/o2')),
  'copy-elsewhere': one('but not of a file elsewhere', () => copied(withMore('/o3'), '/o3/p')),
};

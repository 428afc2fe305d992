/** Symbolic links in the way: of file actions inside one root, and of diffs laid over other trees. */
import { Diff, Merge, Scratch } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { copy, dir, file, layer, link, on, rm } from '../vocabulary.ts';

const linked = layer(
  dir('/real/sub'),
  file('/real/file', 'real'),
  link('/real', '/absolute'),
  link('real', '/relative'),
  link('../../../../real', '/upwards'),
  link('/absolute', '/second'),
  link('second/sub', '/third'),
  link('/real/file', '/to-file'),
  link('/real/missing', '/to-missing'),
  link('loop', '/loop'),
);

export const links: CaseGroup = {
  'as-made': { about: 'what the others start from', build: () => linked },
  'mkfile-through-absolute': {
    about: 'written in the target',
    build: () => on(linked, file('/absolute/new', 'n')),
  },
  'mkfile-through-chain': { about: 'over three links', build: () => on(linked, file('/third/new', 'n')) },
  'mkfile-through-upwards': {
    about: '.. stops at the root',
    build: () => on(linked, file('/upwards/new', 'n')),
  },
  'mkfile-on-link': {
    about: 'replaces what the link leads to',
    build: () => on(linked, file('/to-file', 'n')),
  },
  'mkfile-on-dangling': {
    about: 'makes what the link leads to',
    build: () => on(linked, file('/to-missing', 'n')),
  },
  'mkfile-on-loop': { about: 'too many links', build: () => on(linked, file('/loop', 'n')) },
  'mkdir-through-chain': { about: 'in the target', build: () => on(linked, dir('/third/a/b')) },
  'mkdir-on-dangling': {
    about: 'makes what the link leads to',
    build: () => on(linked, dir('/to-missing/x')),
  },
  'symlink-on-link': {
    about: 'makes the link at the target of the old one',
    build: () => on(linked, link('x', '/to-missing')),
  },
  'rm-link': { about: 'the link only', build: () => on(linked, rm('/absolute', { allowNotFound: true })) },
  'rm-link-absolute': {
    about: 'whether an absolute link leads anywhere is asked outside of the root',
    build: () => on(linked, rm('/absolute')),
  },
  'rm-through-link': {
    about: 'in the target',
    build: () => on(linked, rm('/second/sub'), rm('/relative/file')),
  },
  'rm-dangling': { about: 'a dangling link is not found', build: () => on(linked, rm('/to-missing')) },
  'rm-dangling-allowed': {
    about: 'unless that is allowed',
    build: () => on(linked, rm('/to-missing', { allowNotFound: true })),
  },
  'copy-into-link': {
    about: 'enters the target',
    build: () => on(linked, copy(layer(file('/f', 'f')), '/f', '/second/')),
  },
  'copy-onto-link': {
    about: 'replaces the target',
    build: () => on(linked, copy(layer(file('/f', 'f')), '/f', '/to-file')),
  },
  'copy-onto-dangling': {
    about: 'makes the target',
    build: () => on(linked, copy(layer(file('/f', 'f')), '/f', '/to-missing')),
  },
  'copy-link': { about: 'as it is', build: () => layer(copy(linked, '/third', '/copied')) },
  'copy-link-followed': {
    about: 'what it leads to',
    build: () => layer(copy(linked, '/third', '/copied', { followSymlinks: true })),
  },
  'copy-through-link': {
    about: 'a parent is always followed',
    build: () => layer(copy(linked, '/second/file', '/copied')),
  },
  'copy-tree-over-links': {
    about: 'links inside the destination are replaced by files',
    build: () =>
      on(
        layer(dir('/t'), link('/elsewhere', '/t/file')),
        copy(linked, '/real', '/t', { copyDirContentsOnly: true }),
      ),
  },
  'copy-directory-over-link': {
    about: 'a nested link where a directory should go',
    build: () =>
      on(
        layer(dir('/t'), link('/elsewhere', '/t/sub')),
        copy(linked, '/real', '/t', { copyDirContentsOnly: true }),
      ),
  },
  'diff-through-link': {
    about: 'a diff whose parent became a link is applied through it',
    build: () => Merge(linked, Diff(Scratch(), layer(dir('/absolute'), file('/absolute/merged', 'm')))),
  },
  'diff-link-to-directory-and-back': {
    about: 'a link that became a directory',
    build: () => {
      const next = on(linked, rm('/relative'), dir('/relative'), file('/relative/own', 'own'));
      return Merge(linked, Diff(linked, next));
    },
  },
  'diff-directory-to-link': {
    about: 'a directory that became a link, over another tree',
    build: () => {
      const next = on(linked, rm('/real'), link('/moved', '/real'), dir('/moved'), file('/moved/x', 'x'));
      return Merge(layer(dir('/real'), file('/real/kept', 'k')), Diff(linked, next));
    },
  },
  'diff-delete-link': {
    about: 'a deletion of a link does not follow it',
    build: () => Merge(linked, Diff(linked, on(linked, rm('/absolute', { allowNotFound: true })))),
  },
};

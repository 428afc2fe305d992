/** mkfile, mkdir, symlink and rm: what exists already, what is missing, who owns it. */
import { Scratch } from 'llb-ts';
import type { CaseGroup } from '../case.ts';
import { ARCHIVES, special } from '../fixtures.ts';
import { chain, copy, dir, file, LATER, layer, link, on, rm } from '../vocabulary.ts';

const base = layer(
  dir('/d', { mode: 0o700, chown: '1:2' }),
  file('/d/f', 'old', { mode: 0o4600, chown: '3:4' }),
  file('/f', 'old', { mode: 0o755, chown: '3:4' }),
);
const locals = ARCHIVES;

export const make: CaseGroup = {
  'mkfile-replaces': { about: 'mode and owner are the new ones', build: () => on(base, file('/f', 'new')) },
  'mkfile-mode': { about: 'only permission bits', build: () => layer(file('/f', 'x', { mode: 0o6751 })) },
  'mkfile-empty': { about: 'no content', build: () => layer(file('/f', '')) },
  'mkfile-binary': {
    about: 'any bytes',
    build: () => layer(file('/f', new Uint8Array([0, 255, 128, 10, 13]))),
  },
  'mkfile-missing-parent': { about: 'is an error', build: () => layer(file('/no/f', 'x')) },
  'mkfile-on-directory': { about: 'is an error', build: () => on(base, file('/d', 'x')) },
  'mkfile-on-root': { about: 'is an error', build: () => on(base, file('/', 'x')) },
  'mkfile-below-file': { about: 'is an error', build: () => on(base, file('/f/x', 'x')) },
  'mkfile-on-fifo': { about: 'replaces it', locals, build: () => on(special(), file('/s/fifo', 'x')) },
  'mkfile-dots': { about: 'paths are cleaned', build: () => on(base, file('/d/../d/./../../up', 'x')) },
  'mkfile-setgid-directory': {
    about: 'takes the group of a setgid directory',
    build: () =>
      on(
        layer(copy(layer(dir('/g', { chown: '1:50' })), '/g', '/g', { mode: 0o2775 })),
        file('/g/f', 'x'),
        dir('/g/sub'),
      ),
  },
  'mkfile-old-time': {
    about: 'before 1970 it is still a time',
    build: () => layer(file('/f', 'x', { time: -5_000_000_000n })),
  },
  'mkdir-missing-parent': { about: 'is an error', build: () => layer(dir('/no/d', { makeParents: false })) },
  'mkdir-existing': {
    about: 'changes nothing',
    build: () => on(base, dir('/d', { makeParents: false, chown: '9:9', time: LATER })),
  },
  'mkdir-existing-parents': {
    about: 'changes nothing',
    build: () => on(base, dir('/d', { chown: '9:9', time: LATER })),
  },
  'mkdir-on-file': { about: 'changes nothing', build: () => on(base, dir('/f', { makeParents: false })) },
  'mkdir-on-file-parents': { about: 'is an error', build: () => on(base, dir('/f')) },
  'mkdir-below-file': { about: 'is an error', build: () => on(base, dir('/f/x')) },
  'mkdir-parents-owned': {
    about: 'every made parent has mode and owner',
    build: () => layer(dir('/a/b/c', { mode: 0o711, chown: '5:6' })),
  },
  'mkdir-root': { about: 'is there already', build: () => layer(file('/x', 'x'), dir('/')) },
  'symlink-existing': { about: 'is an error', build: () => on(base, link('x', '/f')) },
  'symlink-missing-parent': { about: 'is an error', build: () => layer(link('x', '/no/l')) },
  'symlink-verbatim': {
    about: 'the target is not cleaned',
    build: () => layer(link('.././x//y/', '/l', { chown: '7:8' })),
  },
  'rm-file': { about: 'the file', build: () => on(base, rm('/f')) },
  'rm-directory': { about: 'with all in it', build: () => on(base, rm('/d')) },
  'rm-missing': { about: 'is an error', build: () => on(base, rm('/nope')) },
  'rm-missing-allowed': { about: 'is none', build: () => on(base, rm('/nope', { allowNotFound: true })) },
  'rm-below-file-allowed': {
    about: 'is an error all the same',
    build: () => on(base, rm('/f/x', { allowNotFound: true })),
  },
  'rm-root': { about: 'is an error', build: () => on(base, rm('/')) },
  'rm-wildcard': {
    about: 'each match',
    build: () => on(base, file('/f2', '2'), rm('/f*', { allowWildcard: true })),
  },
  'rm-wildcard-nested': {
    about: 'in each directory',
    build: () => on(base, rm('/*/f', { allowWildcard: true })),
  },
  'rm-wildcard-none': {
    about: 'no match is no error',
    build: () => on(base, rm('/z*', { allowWildcard: true })),
  },
  'rm-wildcard-missing-directory': {
    about: 'is an error',
    build: () => on(base, rm('/no/*', { allowWildcard: true })),
  },
  'rm-wildcard-class': {
    about: 'classes and ?',
    build: () =>
      on(layer(file('/a1', ''), file('/a2', ''), file('/b1', '')), rm('/[^b]?', { allowWildcard: true })),
  },
  'rm-literal-star': {
    about: 'without the option a star is a star',
    build: () => on(layer(file('/*', 'star'), file('/x', 'x')), rm('/*')),
  },
  'owner-number': {
    about: 'a user by number brings the same group',
    build: () => layer(file('/f', '', { chown: '1234' })),
  },
  'owner-both': {
    about: 'user and group',
    build: () => layer(file('/f', '', { chown: '1234:42' }), dir('/d', { chown: '0:42' })),
  },
  'owner-name': {
    about: 'names of the base; the group of the user',
    locals,
    build: () => on(special(), file('/f', '', { chown: 'alice' })),
  },
  'owner-name-group': {
    about: 'a group by name',
    locals,
    build: () => on(special(), file('/f', '', { chown: 'alice:staff' })),
  },
  'owner-unknown': {
    about: 'unknown names are root',
    locals,
    build: () => on(special(), file('/f', '', { chown: 'nobody-here' })),
  },
  'owner-unknown-group': {
    about: 'an unknown group is the group of the user',
    locals,
    build: () => on(special(), file('/f', '', { chown: 'alice:none' })),
  },
  'owner-no-passwd': {
    about: 'no passwd file: root',
    build: () => on(base, file('/x', '', { chown: 'alice' })),
  },
  'owner-name-scratch': {
    about: 'by name on scratch is an error',
    build: () => layer(file('/x', '', { chown: 'alice' })),
  },
  'many-actions': {
    about: 'one op sees what it did before',
    build: () =>
      layer(
        dir('/a'),
        file('/a/x', '1'),
        rm('/a/x'),
        file('/a/x', '2'),
        link('x', '/a/l'),
        dir('/a/b'),
        rm('/a/b'),
      ),
  },
  'copy-from-own-actions': {
    about: 'actions as the source of a copy, in the same op',
    build: () => {
      const made = chain([dir('/from'), file('/from/x', 'x')]).WithState(Scratch());
      return base.File(chain([copy(made, '/from', '/into')]));
    },
  },
  'copy-from-own-base': {
    about: 'the base itself as the source',
    build: () => on(base, copy(base, '/d', '/copied'), file('/d/f', 'changed')),
  },
};

/** Copy: where things go, and what is taken along. */
import { type CopyInfo, Diff, Merge, Scratch } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../case.ts';
import { ARCHIVES, source, special } from '../fixtures.ts';
import { copy, dir, file, LATER, layer, link, on, rm, type Step } from '../vocabulary.ts';

/** Copies of the source tree into `/t` or wherever the step says; the destination holds some things already. */
function into(about: string, ...steps: readonly Step[]): CaseSource {
  return { about, locals: ARCHIVES, build: () => on(destination(), ...steps) };
}

const destination = () =>
  layer(
    dir('/t', { mode: 0o700, chown: '1:2' }),
    dir('/t/dir', { mode: 0o700, chown: '1:2' }),
    file('/t/dir/c.txt', 'old c', { chown: '1:2' }),
    file('/t/dir/old', 'old'),
    file('/file', 'a file'),
  );

const from = (src: string, dest: string, options: CopyInfo = {}): Step => copy(source(), src, dest, options);

export const copies: CaseGroup = {
  'file-to-new': into('at that path', from('/a.txt', '/new')),
  'file-to-new-slash': into('in a new directory', from('/a.txt', '/new/')),
  'file-to-directory': into('inside it', from('/b.md', '/t')),
  'file-to-file': into('replaced', from('/b.md', '/file')),
  'file-to-deep-missing': into('is an error', from('/a.txt', '/x/y/z')),
  'file-to-deep-created': into('parents are made', from('/a.txt', '/x/y/z', { createDestPath: true })),
  'file-below-file': into('is an error', from('/a.txt', '/file/x', { createDestPath: true })),
  'file-missing': into('is an error', from('/nope', '/t/')),
  'directory-to-new': into('as that directory', from('/dir', '/new')),
  'directory-to-new-slash': into('inside a new directory', from('/dir', '/new/')),
  'directory-to-directory': into('inside it, united', from('/dir', '/t')),
  'directory-to-file': into('is an error', from('/dir', '/file')),
  'directory-onto-directory': into('one level below the same name', from('/dir', '/t/dir')),
  'contents-to-new': into(
    'a new directory of default mode',
    from('/dir', '/new', { copyDirContentsOnly: true }),
  ),
  'contents-to-directory': into(
    'united; the directory keeps its mode',
    from('/dir', '/t/dir', { copyDirContentsOnly: true }),
  ),
  'contents-to-file': into('is an error', from('/dir', '/file', { copyDirContentsOnly: true })),
  'contents-of-file': into('a file has no contents', from('/a.txt', '/t/dir', { copyDirContentsOnly: true })),
  'root-to-directory': into('everything', from('/', '/all', { createDestPath: true })),
  'root-to-root': into('everything over everything', from('/', '/')),
  'dot-destination': into('a destination of /. is that directory', from('/dir', '/t/.')),
  'source-dot': into('source paths are cleaned', from('/dir/../dir/./deep', '/t/deep')),
  twice: into(
    'the second over the first',
    from('/dir', '/x'),
    from('/dir2', '/x', { copyDirContentsOnly: true }),
  ),
  'hard-links': into('stay linked within one copy', from('/', '/t/all')),
  'hard-links-two-copies': into('not over two copies', from('/hard-1', '/t/'), from('/hard-2', '/t/')),

  'mode-number': into('for files and directories', from('/dir', '/new', { mode: 0o640 })),
  'mode-number-special': into('with setuid', from('/a.txt', '/new', { mode: 0o4711 })),
  'mode-number-parents': into(
    'made parents take it too',
    from('/a.txt', '/x/y/z', { mode: 0o711, createDestPath: true }),
  ),
  'mode-text': into('as chmod has it', from('/', '/new', { mode: 'u=rwX,go=rX' })),
  'mode-text-plus': into('relative to each', from('/', '/new', { mode: 'g+w,o-rwx,u+s' })),
  'mode-text-octal': into('octal text', from('/dir', '/new', { mode: '0751' })),
  'mode-text-wrong': into('is an error', from('/dir', '/new', { mode: 'nonsense' })),
  'owner-and-time': into(
    'for everything copied',
    from('/dir', '/new', { chown: '21:22', createdTime: LATER }),
  ),
  'owner-parents': into(
    'made parents too',
    from('/a.txt', '/x/y/z', { chown: '21:22', createdTime: LATER, createDestPath: true }),
  ),
  'owner-onto-existing': into(
    'an existing top directory keeps its owner',
    from('/dir', '/t/dir', { chown: '21:22', copyDirContentsOnly: true }),
  ),
  'owner-by-name': {
    about: 'names of the destination',
    locals: ARCHIVES,
    build: () => on(special(), copy(source(), '/a.txt', '/new', { chown: 'alice:staff' })),
  },
  'owner-kept': {
    about: 'owners of the source',
    locals: ARCHIVES,
    build: () => layer(copy(special(), '/s/suid', '/'), copy(special(), '/s/dangling', '/')),
  },

  'follow-link-file': into(
    'the file under the name of the link',
    from('/link-file', '/t/', { followSymlinks: true }),
  ),
  'follow-link-directory': into('the directory', from('/link-dir', '/new', { followSymlinks: true })),
  'follow-link-chain': into('over two links', from('/link-chain', '/new', { followSymlinks: true })),
  'follow-link-absolute': into('inside the source', from('/link-absolute', '/new', { followSymlinks: true })),
  'follow-link-out': into('never out of the source', from('/link-out', '/new', { followSymlinks: true })),
  'follow-dangling': into('is an error', from('/link-dangling', '/new', { followSymlinks: true })),
  'link-as-link': into('links are copied as they are', from('/link-out', '/t/')),
  'through-link': into('a link in the middle is followed', from('/link-dir/c.txt', '/new')),

  'replace-file-by-directory': into(
    'nested',
    from('/dir2', '/t/dir', { copyDirContentsOnly: true, alwaysReplaceExistingDestPaths: true }),
  ),
  'replace-directory-by-file': {
    about: 'a nested directory where a file comes',
    locals: ARCHIVES,
    build: () =>
      on(
        layer(dir('/t/c.txt'), file('/t/c.txt/x', 'x')),
        copy(source(), '/dir2', '/t', { copyDirContentsOnly: true, alwaysReplaceExistingDestPaths: true }),
      ),
  },
  'no-replace-directory-by-file': {
    about: 'is an error without the option',
    locals: ARCHIVES,
    build: () => on(layer(dir('/t/c.txt')), copy(source(), '/dir2', '/t', { copyDirContentsOnly: true })),
  },
  'replace-link-by-directory': {
    about: 'a nested link where a directory comes',
    locals: ARCHIVES,
    build: () =>
      on(
        layer(dir('/t'), link('/elsewhere', '/t/deep')),
        copy(source(), '/dir', '/t', { copyDirContentsOnly: true, alwaysReplaceExistingDestPaths: true }),
      ),
  },
  'from-merge': {
    about: 'a merge as the source',
    locals: ARCHIVES,
    build: () => layer(copy(Merge(destination(), source()), '/', '/m')),
  },
  'from-scratch': {
    about: 'the root of nothing',
    build: () => layer(file('/x', 'x'), copy(Scratch(), '/', '/t')),
  },
  'replaced-by-itself': {
    about: 'what is replaced by just the same leaves nothing but what else was done',
    locals: ARCHIVES,
    build: () =>
      Diff(
        source(),
        on(source(), copy(source(), '/dir', '/', { alwaysReplaceExistingDestPaths: true }), rm('/a.txt')),
      ),
  },
};

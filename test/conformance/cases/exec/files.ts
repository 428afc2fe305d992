/** Changes of files by a process, as the layer that they leave. */
import { Diff, Merge } from 'llb-ts';
import type { CaseGroup, CaseSource } from '../../case.ts';
import { copy, dir, file, layer, on } from '../../vocabulary.ts';
import { box, changesOf, sh, TOOLS } from './box.ts';

const locals = TOOLS;

function changes(about: string, script: string): CaseSource {
  return { about, locals, build: () => changesOf(script) };
}

/** The whole of `/d` after the script: what the layer hides is gone, what it does not hide is there. */
function view(about: string, script: string): CaseSource {
  return { about, locals, build: () => layer(copy(box().Run(sh(script)).Root(), '/d', '/')) };
}

export const execFiles: CaseGroup = {
  nothing: changes('a process that changes nothing', 'true'),
  'read-only': changes('reading leaves no trace', 'cat /d/a /d/sub/c > /dev/null'),
  'new-file': changes('a file and the directory it is in', 'echo new > /d/new'),
  append: changes('a file of a layer below, with more in it', 'echo more >> /d/a'),
  'removed-file': changes('a deletion', 'rm /d/b'),
  'removed-link': changes('a symbolic link goes, its target stays', 'rm /d/link'),
  'removed-directory': changes('one deletion, however much was in it', 'rm -r /d'),
  'removed-and-new': changes(
    'a file that was written and removed again leaves its directory',
    'echo x > /d/x; rm /d/x',
  ),
  'directory-again': changes(
    'a directory that comes again hides what was in it',
    'rm -r /d; mkdir /d; echo n > /d/n',
  ),
  'directory-again-view': view('seen whole', 'rm -r /d; mkdir -m 711 /d; echo n > /d/n'),
  'directory-again-inside': changes('deeper', 'rm -r /d/sub; mkdir -p /d/sub/e'),
  'file-to-directory': changes('a file becomes a directory', 'rm /d/a; mkdir /d/a; echo x > /d/a/x'),
  'directory-to-file': changes('a directory becomes a file', 'rm -r /d/sub; echo file > /d/sub'),
  'directory-to-link': changes('a directory becomes a link', 'rm -r /d/sub; ln -s a /d/sub'),
  'link-to-directory': changes('a link becomes a directory', 'rm /d/link; mkdir /d/link'),
  'renamed-file': changes('a deletion and an addition', 'mv /d/a /d/z'),
  'renamed-directory': changes('a directory of a layer below takes all along', 'mv /d/sub /d/moved'),
  'renamed-over': changes('one name less', 'mv /d/a /d/b'),
  'renamed-swap': changes('two names change places', 'mv /d/a /t; mv /d/b /d/a; mv /t /d/b'),
  'renamed-new-directory': changes(
    'a directory of this layer, with files of below',
    'mkdir /n; cp /d/a /n; mv /n /d/n',
  ),
  mode: changes('a mode', 'chmod 4711 /d/a; chmod 2770 /d/sub'),
  'mode-of-root-parts': changes('of a directory at the top', 'chmod 700 /d'),
  owner: changes('an owner', 'chown 7:8 /d/a; chgrp 9 /d/sub; chown -h 5:6 /d/link'),
  'mode-the-same': changes('a mode that it had already', 'chmod 644 /d/a'),
  touched: changes('a time alone', 'touch -d "2010-01-02 03:04:05" /d/a'),
  'hard-link': changes('one more name of a file of a layer below', 'ln /d/a /d/twin'),
  'hard-link-view': view('both names are one file', 'ln /d/a /d/twin'),
  'hard-link-across': view('in another directory', 'ln /d/a /d/sub/far'),
  'hard-link-three': view(
    'three names of a file of a layer below',
    'ln /d/a /d/twin; ln /d/twin /d/sub/third',
  ),
  'hard-link-mode': view('one mode for both', 'ln /d/b /d/twin; chmod 640 /d/twin'),
  'hard-link-mode-changes': changes('both names changed', 'ln /d/b /d/twin; chmod 640 /d/twin'),
  'hard-link-first-gone': view('the first name goes', 'ln /d/a /d/twin; rm /d/a'),
  'hard-link-renamed': view('the first name moves', 'ln /d/a /d/twin; mv /d/a /d/sub/moved'),
  'hard-link-over': view('in place of another file', 'ln -f /d/a /d/b'),
  'hard-link-of-link': view('two names of a symbolic link', 'ln /d/link /d/sub/link'),
  'hard-link-moved': {
    about: 'merged over something else, only the new name is there',
    locals,
    build: () =>
      Merge([layer(dir('/d'), file('/d/other', 'o')), changesOf('ln /d/a /d/twin; ln /d/a /d/sub/far')]),
  },
  'hard-link-next-step': {
    about: 'a later step writes into one of two names, which parts them',
    locals,
    build: () => Diff(box(), box().Run(sh('ln /d/a /d/twin')).Run(sh('echo more >> /d/a')).Root()),
  },
  'pipes-linked': view('two names of one pipe', 'mkfifo /d/p; ln /d/p /d/q'),
  'pipes-moved': {
    about: 'where a layer moves, two names of one pipe become two pipes',
    locals,
    build: () =>
      Merge([layer(dir('/d')), changesOf('mkfifo /d/p; ln /d/p /d/q; echo x > /d/f; ln /d/f /d/g')]),
  },
  'hard-link-new': changes('two names of a new file', 'echo x > /n1; ln /n1 /d/n2; ln /n1 /d/sub/n3'),
  'hard-link-lost': changes('a name of three goes', 'echo x > /n1; ln /n1 /n2; ln /n1 /n3; rm /n1'),
  'symbolic-links': changes('targets are kept as they are', 'ln -s ../../x /d/up; ln -s /abs /d/abs'),
  fifo: changes('a named pipe', 'mkfifo -m 620 /d/pipe'),
  empty: changes(
    'a file without content and a directory without entries',
    ': > /d/nothing; mkdir -m 1777 /d/void',
  ),
  sparse: changes('holes read as zeros', 'dd if=/dev/zero of=/d/sparse bs=1 count=1 seek=100000 2>/dev/null'),
  'odd-names': changes(
    'names are bytes',
    `touch "/d/new\nline" "/d/ space " "/d/caf\u00e9" "/d/-dash" "/d/*"`,
  ),
  'whiteout-name': changes('a name that looks like a deletion', 'echo x > "/d/.wh.notes"'),
  'deep-path': changes(
    'a path of thirty parts',
    'p=/d; i=0; while [ $i -lt 30 ]; do p=$p/$i; i=$((i+1)); done; mkdir -p $p; echo x > $p/f',
  ),
  'many-files': changes('a thousand', 'i=0; while [ $i -lt 1000 ]; do echo $i > /d/f$i; i=$((i+1)); done'),
  'two-steps': {
    about: 'what two steps did, as one layer',
    locals,
    build: () =>
      Diff(box(), box().Run(sh('rm /d/a; echo 1 > /one')).Run(sh('echo again > /d/a; rm /one')).Root()),
  },
  'second-step': {
    about: 'a removal of what the first step made',
    locals,
    build: () => {
      const first = box().Run(sh('echo 1 > /d/one; mkdir /d/two')).Root();
      return Diff(first, first.Run(sh('rm /d/one; rmdir /d/two')).Root());
    },
  },
  'on-merge': {
    about: 'a process in a merge sees both, and changes one file of each',
    locals,
    build: () => {
      const merged = Merge(
        box(),
        layer(dir('/m'), file('/m/x', 'x'), dir('/d'), file('/d/a', 'of the merge')),
      );
      return Diff(merged, merged.Run(sh('cat /d/a >> /m/x; echo done >> /d/sub/c')).Root());
    },
  },
  'on-deletion': {
    about: 'a name that a merge took away can be made again',
    locals,
    build: () => {
      const gone = Merge(box(), Diff(layer(dir('/d'), file('/d/a', 'a')), layer(dir('/d'))));
      return Diff(gone, gone.Run(sh('test ! -e /d/a; mkdir /d/a; echo in > /d/a/in')).Root());
    },
  },
  rebased: {
    about: 'what a process did, laid over another tree',
    locals,
    build: () =>
      Merge(
        layer(dir('/d'), file('/d/b', 'other'), file('/d/k', 'kept')),
        changesOf('rm -r /d/sub; rm /d/b; echo n > /d/n'),
      ),
  },
  'between-files': {
    about: 'file actions before and after',
    locals,
    build: () => {
      const start = on(box(), file('/d/before', 'b'));
      return Diff(start, on(start.Run(sh('mv /d/before /d/between')).Root(), file('/d/after', 'a')));
    },
  },
};

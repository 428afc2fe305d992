/** Mounts over the root while a process runs, and the traces that they leave. */
import {
  AddMount,
  AddSecret,
  AsPersistentCacheDir,
  CacheMountLocked,
  CacheMountPrivate,
  CacheMountShared,
  Diff,
  ForceNoOutput,
  Merge,
  Readonly,
  ReadonlyRootFS,
  type RunChange,
  Scratch,
  SecretAsEnv,
  SecretFileOpt,
  SecretID,
  SecretOptional,
  SourcePath,
  type State,
  Tmpfs,
  TmpfsSize,
  User,
  With,
} from 'llb-ts';
import type { CaseGroup, CaseSource } from '../../case.ts';
import { copy, dir, file, layer, link, on } from '../../vocabulary.ts';
import { box, changesOf, sh, TOOLS } from './box.ts';

const locals = TOOLS;
const secrets = { token: 'hidden\n' };

function changes(about: string, script: string, ...options: readonly RunChange[]): CaseSource {
  return { about, locals, secrets, build: () => changesOf(script, ...options) };
}

/** The state mounted at `/m` after a script changed it. */
function output(
  about: string,
  script: string,
  mounted: () => State,
  ...options: readonly RunChange[]
): CaseSource {
  const build = () =>
    box()
      .Run(sh(script), ...options)
      .AddMount('/m', mounted());
  return { about, locals, build };
}

const some = () => layer(dir('/x'), file('/x/1', 'one'), file('/x/2', 'two'), link('x/1', '/link'));
const seeAll = 'find /m | sort > /seen';

export const execMounts: CaseGroup = {
  'read-only': changes(
    'seen and not written',
    `${seeAll}; (echo x > /m/new) 2>/dev/null || echo no > /refused`,
    AddMount('/m', some(), Readonly()),
  ),
  output: output('what was written on the mounted state', 'echo more >> /m/x/1; rm /m/x/2; mkdir /m/y', some),
  'output-untouched': output('the mounted state', 'true', some),
  'output-scratch': output('a new state', 'echo x > /m/x; mkdir /m/y', Scratch),
  'output-diff': {
    about: 'only what was written',
    locals,
    build: () => Diff(some(), box().Run(sh('echo more >> /m/x/1; mv /m/x/2 /m/2')).AddMount('/m', some())),
  },
  'output-and-root': {
    about: 'two outputs of one process, merged',
    locals,
    build: () => {
      const run = box().Run(sh('echo m > /m/made; echo r > /made-in-root'));
      const mount = run.AddMount('/m', some());
      return Merge(mount, Diff(box(), run.Root()));
    },
  },
  'no-output': changes(
    'written and dropped',
    'echo x > /m/x/1; cat /m/x/1 > /seen',
    AddMount('/m', some(), ForceNoOutput()),
  ),
  'the-root-alone': changes(
    'what is in a mount is no part of the root',
    'echo x > /m/new; ls /m > /seen',
    AddMount('/m', some(), ForceNoOutput()),
  ),
  'mount-point': changes(
    'made for the mount and gone after it',
    seeAll,
    AddMount('/new/deep/m', some(), Readonly()),
    AddMount('/m', some(), Readonly()),
  ),
  'mount-point-used': changes(
    'stays where the process wrote beside it',
    'echo x > /new/x',
    AddMount('/new/m', some(), Readonly()),
  ),
  'mount-point-there': changes(
    'a directory of a layer below stays',
    'ls /d > /seen',
    AddMount('/d', some(), Readonly()),
  ),
  'over-file': changes('a directory over a file fails', 'true', AddMount('/d/a', some(), Readonly())),
  'file-over-file': changes(
    'one file',
    'cat /d/a > /seen',
    AddMount('/d/a', some(), SourcePath('/x/1'), Readonly()),
  ),
  'file-new': changes(
    'one file where there was none',
    'cat /f > /seen',
    AddMount('/f', some(), SourcePath('/x/1'), Readonly()),
  ),
  selector: changes(
    'a part of a state',
    'ls /m > /seen',
    AddMount('/m', some(), SourcePath('/x'), Readonly()),
  ),
  'selector-link': changes(
    'through a link',
    'cat /m > /seen',
    AddMount('/m', some(), SourcePath('/link'), Readonly()),
  ),
  'selector-missing': changes('fails', 'true', AddMount('/m', some(), SourcePath('/nowhere'), Readonly())),
  'selector-output': {
    about: 'the whole state, with what was written in its part',
    locals,
    build: () => box().Run(sh('echo n > /m/new')).AddMount('/m', some(), SourcePath('/x')),
  },
  nested: changes(
    'one mount in another',
    'find /m | sort > /seen',
    AddMount('/m', some(), Readonly()),
    AddMount('/m/x', layer(file('/inner', 'i')), Readonly()),
  ),
  'nested-output': {
    about: 'what was written in the inner one is not in the outer',
    locals,
    build: () => {
      const run = box().Run(
        sh('echo o > /m/outer; echo i > /m/in/inner'),
        AddMount('/m/in', Scratch(), ForceNoOutput()),
      );
      return run.AddMount('/m', some());
    },
  },
  'nested-the-other-way': changes(
    'the order of paths counts, not of options',
    'find /m | sort > /seen',
    AddMount('/m/x', layer(file('/inner', 'i')), Readonly()),
    AddMount('/m', some(), Readonly()),
  ),
  'same-state-twice': {
    about: 'each place is of its own',
    locals,
    build: () => {
      const run = box().Run(sh('echo a > /a/new; ls /b > /b/seen'));
      const first = run.AddMount('/a', some());
      const second = run.AddMount('/b', some());
      return Merge(
        layer(copy(first, '/', '/first/', { createDestPath: true })),
        layer(copy(second, '/', '/second/', { createDestPath: true })),
      );
    },
  },
  'same-place-twice': changes(
    'the later lies over the earlier',
    'ls /m > /seen',
    AddMount('/m', some(), Readonly()),
    AddMount('/m', layer(file('/later', 'l')), Readonly()),
  ),
  'own-root': {
    about: 'the root mounted in itself, before the process changes it',
    locals,
    build: () => changesOf('echo x > /d/a; cat /m/d/a > /seen', AddMount('/m', box(), Readonly())),
  },
  'mount-of-merge': changes(
    'a merge as it is',
    seeAll,
    AddMount('/m', Merge(some(), layer(dir('/x'), file('/x/2', 'over'))), Readonly()),
  ),
  'mount-of-diff': changes(
    'a diff as it is',
    seeAll,
    AddMount('/m', Diff(some(), on(some(), file('/x/3', 'three'))), Readonly()),
  ),
  'read-only-root': {
    about: 'a root that cannot be written, and a mount that can',
    locals,
    build: () =>
      box()
        .Run(sh('(echo x > /x) 2>/dev/null || echo refused > /m/refused'), ReadonlyRootFS())
        .AddMount('/m', Scratch()),
  },
  'read-only-root-mount-point': {
    about: 'is made there all the same',
    locals,
    build: () =>
      box().Run(sh('ls / | grep -c new > /new/m/seen'), ReadonlyRootFS()).AddMount('/new/m', Scratch()),
  },
  tmpfs: changes('gone after the run', 'echo x > /t/x; cat /t/x > /seen', AddMount('/t', Scratch(), Tmpfs())),
  'tmpfs-mode': changes('for everybody', 'stat -c "%a %u %g" /t > /mode', AddMount('/t', Scratch(), Tmpfs())),
  'tmpfs-size': changes(
    'a limit',
    'dd if=/dev/zero of=/t/big bs=1024 count=2048 2>/dev/null && echo fits > /fits || echo full > /full',
    AddMount('/t', Scratch(), Tmpfs(TmpfsSize(1 << 20))),
  ),
  'tmpfs-over-files': changes(
    'hides them for a while',
    'ls /d > /seen; echo x > /d/x',
    AddMount('/d', Scratch(), Tmpfs()),
  ),
  'secret-file': changes(
    '0400 of root',
    'cat /run/secrets/token > /seen; stat -c "%a %u %g %s" /run/secrets/token > /mode',
    AddSecret('/run/secrets/token', SecretID('token')),
  ),
  'secret-owner': changes(
    'as the build says',
    'stat -c "%a %u %g" /s > /tmp/mode; cat /s > /tmp/seen',
    AddSecret('/s', SecretID('token'), SecretFileOpt(1000, 1001, 0o440)),
    With(User('alice')),
  ),
  'secret-env': changes(
    'a variable',
    'printf "<%s>" "$TOKEN" > /seen',
    AddSecret('TOKEN', SecretID('token'), SecretAsEnv(true)),
  ),
  'secret-over-file': changes(
    'a file that is there comes back',
    'cat /d/a > /seen',
    AddSecret('/d/a', SecretID('token')),
  ),
  'secret-missing': changes('fails', 'true', AddSecret('/s', SecretID('nobody-gave-it'))),
  'secret-optional': changes(
    'is not there',
    'test ! -e /s && echo none > /seen',
    AddSecret('/s', SecretID('nobody-gave-it'), SecretOptional),
  ),
  'secret-optional-env': changes(
    'is not set',
    'env | grep -c ^S= > /seen || true',
    AddSecret('S', SecretID('nobody-gave-it'), SecretAsEnv(true), SecretOptional),
  ),
  'cache-two-steps': {
    about: 'what the first step wrote, the second reads',
    locals,
    build: () => {
      const cache = (id: string) => AddMount('/c', Scratch(), AsPersistentCacheDir(id, CacheMountShared));
      const first = box().Run(sh('echo kept > /c/kept'), cache('conformance-two-steps'));
      return Diff(
        first.Root(),
        first.Root().Run(sh('cat /c/kept > /seen'), cache('conformance-two-steps')).Root(),
      );
    },
  },
  'cache-is-no-layer': changes(
    'nothing of it stays',
    'echo x > /c/x',
    AddMount('/c', Scratch(), AsPersistentCacheDir('conformance-no-layer', CacheMountLocked)),
  ),
  'cache-from-state': changes(
    'begins as a copy of a state',
    'ls /c > /seen; cat /c/x/1 >> /seen',
    AddMount('/c', some(), AsPersistentCacheDir('conformance-from-state', CacheMountPrivate)),
  ),
  'cache-twice': changes(
    'two places of one step, one folder',
    'echo x > /c1/x; cat /c2/x > /seen',
    AddMount('/c1', Scratch(), AsPersistentCacheDir('conformance-twice', CacheMountShared)),
    AddMount('/c2', Scratch(), AsPersistentCacheDir('conformance-twice', CacheMountShared)),
  ),
};

/** Mount points and working directories that links lead to, and roots in which the system's own places are links or files. */
import {
  AddMount,
  AddSecret,
  AsPersistentCacheDir,
  CacheMountShared,
  Diff,
  Dir,
  ForceNoOutput,
  Merge,
  Readonly,
  type RunChange,
  Scratch,
  SecretID,
  SourcePath,
  type State,
  Tmpfs,
  User,
  With,
} from 'llb-ts';
import type { CaseGroup, CaseSource } from '../../case.ts';
import { copy, dir, file, layer, link, on, rm, type Step } from '../../vocabulary.ts';
import { box, sh, TOOLS } from './box.ts';

const locals = TOOLS;
const secrets = { token: 'hidden\n' };

/** The changes of a script in a root that `prepare` made. */
function changed(
  about: string,
  prepare: readonly Step[],
  script: string,
  ...options: readonly RunChange[]
): CaseSource {
  const root = (): State => (prepare.length > 0 ? on(box(), ...prepare) : box());
  const build = () =>
    Diff(
      root(),
      root()
        .Run(sh(script), ...options)
        .Root(),
    );
  return { about, locals, secrets, build };
}

const small = () => layer(dir('/x'), file('/x/1', 'one'));
const fixed = (dest: string) => AddMount(dest, small(), Readonly());
const memory = (dest: string) => AddMount(dest, Scratch(), Tmpfs());
const cache = (dest: string, id: string, base: State = Scratch()) =>
  AddMount(dest, base, AsPersistentCacheDir(`conformance-places-${id}`, CacheMountShared));
const secretAt = (dest: string) => AddSecret(dest, SecretID('token'));

/** A state whose links leave it, lead nowhere, lead into each other and into themselves. */
const linked = () =>
  layer(
    dir('/real', { mode: 0o711 }),
    file('/real/f', 'f'),
    link('real', '/relative'),
    link('gone/deep', '/dangling'),
    link('/m/made', '/absolute'),
    link('/abs/deep', '/root'),
    link('../../../up', '/above'),
    link('self', '/self'),
    link('other', '/one'),
    link('one', '/other'),
    link('../relative', '/real/back'),
    link('/', '/all'),
  );
const LOOK =
  'for p in /m /abs /up /gone; do [ -e $p ] || continue; find $p | sort | while read -r n; do stat -c "%n %F %a %u:%g" $n; done; done > /w/seen';

/** The contents of `/m` during the run, and `/m` and the root afterwards. */
function nested(about: string, ...options: readonly RunChange[]): CaseSource {
  const build = () => {
    const run = box().Run(sh(LOOK), ...options);
    const [seen, mounted] = [run.AddMount('/w', Scratch()), run.AddMount('/m', linked())];
    return Merge(
      layer(copy(seen, '/', '/seen', { createDestPath: true })),
      layer(copy(mounted, '/', '/m', { createDestPath: true })),
      Diff(box(), run.Root()),
    );
  };
  return { about, locals, secrets, build };
}

/** The same in a cache that begins with the state, and in a state that cannot be written. */
function within(about: string, outer: RunChange, ...options: readonly RunChange[]): CaseSource {
  const build = () => {
    const run = box().Run(sh(LOOK), ...options, outer);
    return Merge(run.AddMount('/w', Scratch()), Diff(box(), run.Root()));
  };
  return { about, locals, secrets, build };
}

const fixedOuter = () => AddMount('/m', linked(), Readonly());

export const execPlaces: CaseGroup = {
  relative: nested('in the folder that a link leads to', fixed('/m/relative/new')),
  dangling: nested('made where the link leads', fixed('/m/dangling/new'), secretAt('/m/dangling/s')),
  'dangling-file': nested('a file, made where the link leads', secretAt('/m/dangling')),
  absolute: nested('from the root, which is the mount again', fixed('/m/absolute/x')),
  'leaves-absolutely': nested('from the root, and gone from there', fixed('/m/root/x'), memory('/m/root/y')),
  'leaves-upwards': nested('not above the root', fixed('/m/above/x'), secretAt('/m/above/s/t')),
  'there-and-back': nested('links in a folder of links', memory('/m/real/back/back/back/x')),
  loop: nested('fails', fixed('/m/self')),
  'loop-of-two': nested('fails', fixed('/m/one/x')),
  'below-file': nested('fails', fixed('/m/real/f/x')),
  'folder-over-file': nested('fails', fixed('/m/real/f')),
  'file-over-folder': nested('fails', secretAt('/m/real')),
  'root-by-link': nested('fails, for what would be left to run', fixed('/m/all')),
  'several-levels': nested(
    'each in the one above',
    cache('/m/dangling', 'levels-1'),
    memory('/m/dangling/t'),
    cache('/m/dangling/t/c', 'levels-2'),
    fixed('/m/dangling/t/c/d'),
  ),
  'read-only-there': within('where it is', fixedOuter(), fixed('/m/real'), memory('/m/relative/back')),
  'read-only-missing': within('fails', fixedOuter(), fixed('/m/new')),
  'read-only-leaves': within('made in the root', fixedOuter(), fixed('/m/root/x')),
  'read-only-memory': within(
    'has mount points all the same',
    AddMount('/m', Scratch(), Tmpfs(), Readonly()),
    fixed('/m/x'),
    fixed('/m/y/z'),
  ),
  'in-memory': within('made there, 0755', memory('/m'), fixed('/m/t/x'), memory('/m/u')),
  'in-cache': within(
    'made there',
    cache('/m', 'in-cache', linked()),
    fixed('/m/dangling/x'),
    fixed('/m/absolute'),
  ),
  'cache-base-root': within(
    'the root of a cache is a new one that belongs to whom the root of its base does',
    cache(
      '/m',
      'base-root',
      box().Run(sh('chmod 1711 /o; chown 7:8 /o; touch /o/x')).AddMount('/o', Scratch()),
    ),
  ),
  'selector-loop': within('fails', AddMount('/m', linked(), SourcePath('/self'), Readonly())),
  'selector-loop-cache': within(
    'fails',
    AddMount(
      '/m',
      linked(),
      SourcePath('/one/x'),
      AsPersistentCacheDir('conformance-places-sel', CacheMountShared),
    ),
  ),
  'selector-dangling': within('fails', AddMount('/m', linked(), SourcePath('/dangling'), Readonly())),
  'selector-below-file': within('fails', AddMount('/m', linked(), SourcePath('real/f/x'), Readonly())),
  'selector-nested': within(
    'links start from the root, not from the part',
    AddMount('/m', linked(), SourcePath('real'), ForceNoOutput()),
    fixed('/m/back/new'),
  ),

  'proc-link': changed('fails', [dir('/p'), link('p', '/proc')], 'true'),
  'proc-file': changed('fails', [file('/proc', 'x')], 'true'),
  'sys-link': changed('fails', [dir('/s'), link('s', '/sys')], 'true'),
  'sys-file': changed('fails', [file('/sys', 'x')], 'true'),
  'sys-loop': changed('fails', [link('sys', '/sys')], 'true'),
  'dev-link': changed('lies where the link leads', [link('made/dev', '/dev')], 'echo x > /dev/null'),
  'dev-link-absolute': changed('fails', [link('/nowhere-at-all', '/dev')], 'true'),
  'dev-loop': changed('fails', [link('dev', '/dev')], 'true'),
  'dev-file': changed('fails', [file('/dev', 'x')], 'true'),
  'resolv-link': changed(
    'made where it leads, and gone',
    [link('../run/r/r', '/etc/resolv.conf')],
    'test -s /run/r/r',
  ),
  'resolv-loop': changed('fails', [link('resolv.conf', '/etc/resolv.conf')], 'true'),
  'hosts-loop': changed('fails', [link('hosts', '/etc/hosts')], 'true'),
  'hosts-folder': changed('fails', [dir('/etc/hosts')], 'true'),
  'etc-link': changed(
    'made where it leads',
    [rm('/etc'), link('/e', '/etc')],
    'ls -A /etc > /seen; touch /e/x',
  ),
  'etc-file': changed('fails', [rm('/etc'), file('/etc', 'x')], 'true'),
  'etc-loop': changed('fails', [rm('/etc'), link('etc', '/etc')], 'true'),
  'passwd-loop': changed('is no passwd', [rm('/etc/passwd'), link('passwd', '/etc/passwd')], 'true'),
  'passwd-loop-user': changed(
    'knows nobody',
    [rm('/etc/passwd'), link('passwd', '/etc/passwd')],
    'true',
    With(User('alice')),
  ),
  'tmp-file': changed('is a file', [rm('/tmp'), file('/tmp', 'x')], 'true'),
  'secrets-link': changed(
    'made where it leads',
    [dir('/run'), link('/s', '/run/secrets')],
    'cat /s/t > /seen',
    secretAt('/run/secrets/t'),
  ),
  'secrets-loop': changed(
    'fails',
    [dir('/run'), link('secrets', '/run/secrets')],
    'true',
    secretAt('/run/secrets/t'),
  ),
  'secrets-file': changed(
    'fails',
    [dir('/run'), file('/run/secrets', 'x')],
    'true',
    secretAt('/run/secrets/t'),
  ),

  'cwd-dangling': changed('made where it leads', [link('/v/deep', '/l')], 'pwd > /seen', With(Dir('/l/x'))),
  'cwd-above': changed('not above the root', [link('../../../v', '/l')], 'pwd > /seen', With(Dir('/l'))),
  'cwd-loop': changed('fails', [link('l', '/l')], 'true', With(Dir('/l'))),
  'cwd-below-file': changed('fails', [file('/f', 'f')], 'true', With(Dir('/f/x'))),
  'cwd-in-mount': changed(
    'made there, and in the root',
    [],
    'pwd > /seen; stat -c "%a %u" /m/y /m/y/z >> /seen',
    With(Dir('/m/y/z')),
    AddMount('/m', small(), ForceNoOutput()),
  ),
  'cwd-in-memory': changed(
    'made there',
    [],
    'pwd > /seen; stat -c %a /m/y >> /seen',
    With(Dir('/m/y')),
    memory('/m'),
  ),
  'cwd-in-read-only': changed('fails', [], 'true', With(Dir('/m/y')), fixed('/m')),

  'at-proc': changed('fails', [], 'true', fixed('/proc')),
  'memory-at-proc': changed('fails', [], 'true', memory('/proc')),
  'in-proc': changed('fails', [], 'true', fixed('/proc/x')),
  'in-proc-by-link': changed('fails', [link('/proc/sys', '/p')], 'true', fixed('/p/x')),
  'over-proc-file': changed('some may be', [], 'cat /proc/uptime > /seen', secretAt('/proc/uptime')),
  'in-dev': changed('made there, 0755', [], 'stat -c %a /dev/x /dev/x/y > /seen', fixed('/dev/x/y')),
  'secret-in-dev': changed(
    'made there',
    [],
    'stat -c %a /dev/x > /seen; cat /dev/x/s >> /seen',
    secretAt('/dev/x/s'),
  ),
  'at-root-by-link': changed('fails', [link('/', '/l')], 'true', fixed('/l')),
};

import { describe, expect, it } from 'vitest';
import {
  AddEnv,
  AddExtraHost,
  AddMount,
  AddSecret,
  AddSecretWithDest,
  AddSSHSocket,
  AddUlimit,
  Args,
  AsPersistentCacheDir,
  Build,
  Checksum,
  Chmod,
  Copy,
  CPUQuota,
  Diff,
  Dir,
  ForceNoOutput,
  Git,
  GitBundleURL,
  HTTP,
  IgnoreCache,
  Image,
  ImageBlob,
  isForeignState,
  isState,
  LlbError,
  Local,
  MemoryLimit,
  Merge,
  Mkdir,
  Mkfile,
  NewPassthrough,
  NewPassthroughOp,
  NewSource,
  NewSourceMap,
  type NoOption,
  OCILayout,
  Platform,
  Readonly,
  Reset,
  Rm,
  readSourcesWith,
  Scratch,
  Security,
  Shlex,
  type State,
  Symlink,
  Tmpfs,
  TmpfsSize,
  ValidExitCodes,
  With,
  WithCaps,
  WithCreatedTime,
  WithDescription,
  WithExportCache,
  WithLayerLimit,
  WithLinuxResources,
  WithProxy,
  WithUIDGID,
} from './index.ts';

/** Passes a value of a wrong type, as JavaScript permits. */
const wrong = (value: unknown) => value as never;
const base = Image('alpine');
const map = NewSourceMap(undefined, 'f', 'f', '');
const foreign = Object.create(null, {
  [Symbol.for('@llb-ts/llb.State')]: { value: true },
});

const mistakes: readonly (readonly [name: string, make: () => unknown, message: string])[] = [
  [
    'a State that is undefined',
    () => Merge(wrong(undefined), base, base),
    'Merge: input 1 must be a State, got undefined',
  ],
  ['a State of another kind', () => Merge([base, wrong(null)]), 'Merge: input 2 must be a State, got null'],
  ['text that ends inside quotes', () => Shlex('a "b'), 'Shlex: "a \\"b" ends inside quotes'],
  [
    'both ways to name a user',
    () => Mkdir('/a', 0o755, { chown: { user: wrong({ uid: 1, name: 'a' }) } }),
    'Mkdir: chown.user has both uid and name',
  ],
  [
    'a misspelled field of a user',
    () => Mkdir('/a', 0o755, { chown: { user: wrong({ uid: 1, nam: 'a' }) } }),
    'Mkdir: chown.user has no field "nam"',
  ],
  [
    'a misspelled field of an owner',
    () => HTTP('https://e/x', { owner: wrong({ uid: 1, gid: 1, gidd: 2 }) }),
    'HTTP: owner has no field "gidd"',
  ],
  [
    'a misspelled field of a bundle',
    () => GitBundleURL('b', wrong({ ociStoreId: 'x' })),
    'GitBundleURL: there is no option "ociStoreId"',
  ],
  ['a misspelled field of a tmpfs', () => Tmpfs(wrong({ sise: 1 })), 'Tmpfs: there is no option "sise"'],
  [
    'a misspelled field of a position',
    () => map.Location([{ start: wrong({ line: 1, char: 2 }), end: { line: 1, character: 0 } }]),
    'Location: range 1.start has no field "char"',
  ],
  [
    'a misspelled field of a passthrough',
    () => NewPassthrough('id', [wrong({ state: base, outputs: true })]),
    'NewPassthrough: input 1 has no field "outputs"',
  ],
  ['no list of inputs', () => NewPassthrough('id', wrong(base)), 'NewPassthrough: the inputs must be a list'],
  [
    'a misspelled field of a differ',
    () => Local('a', { differ: wrong({ type: 'none', require: true }) }),
    'Local: differ has no field "require"',
  ],
  [
    'a misspelled limit',
    () => WithLinuxResources(wrong({ memori: 1 })),
    'WithLinuxResources: the resources has no field "memori"',
  ],
  ['no limits', () => WithLinuxResources(wrong(undefined)), 'WithLinuxResources: the resources must be'],
  ['no proxy', () => WithProxy(wrong(undefined)), 'WithProxy: the proxy must be'],
  [
    'a list for a description',
    () => WithDescription(wrong(['a'])),
    'WithDescription: the description must be a record of strings, got a list',
  ],
  [
    'a map for a description',
    () => WithDescription(wrong(new Map([['a', 'b']]))),
    'WithDescription: the description must be a record of strings, got a Map',
  ],
  [
    'text for capabilities',
    () => WithCaps('exec.meta.base'),
    'WithCaps: capabilities are a list of ids, got "exec.meta.base"',
  ],
  [
    'no capabilities',
    () => WithCaps(wrong(undefined)),
    'WithCaps: capabilities are a list of ids, got undefined',
  ],
  [
    'an option that was not called',
    () => base.Run(Shlex('x'), wrong(WithExportCache)),
    'Run: option 2 is the function WithExportCache, which Run does not take',
  ],
  [
    'a change of state that was not called',
    () => base.Run(Shlex('x'), wrong(AddEnv)),
    'Run: option 2 is the function AddEnv, which Run does not take',
  ],
  [
    'the same for With',
    () => base.With(wrong(Dir)),
    'With: option 1 is the function Dir, which With does not take',
  ],
  [
    'a Reset that was not called',
    () => base.With(wrong(Reset)),
    'With: option 1 is the function Reset, which With does not take',
  ],
  [
    'a mount option that was not called',
    () => AddMount('/a', base, wrong(Readonly)),
    'AddMount: option 1 is the function Readonly',
  ],
  [
    'a list of options',
    () => Image('a', wrong([IgnoreCache])),
    'Image: option 1 is a list, which Image does not take',
  ],
  ['true for an option', () => Image('a', wrong(true)), 'Image: option 1 is true, which Image does not take'],
  [
    'a map for an option',
    () => Image('a', wrong(new Map())),
    'Image: option 1 is a Map, which Image does not take',
  ],
  [
    'a checksum that is undefined',
    () => HTTP('https://e/x', Checksum(wrong(undefined))),
    'Checksum: checksum is undefined',
  ],
  ['an output that is none', () => base.WithOutput(wrong('x')), 'WithOutput: an output is needed, got "x"'],
  ['a misspelled processor', () => Platform('linux/amd46'), 'Platform: "linux/amd46": "amd46" is unknown'],
  [
    'a misspelled field of a platform',
    () => Platform(wrong({ os: 'linux', architectur: 'arm64' })),
    'Platform: a platform has no field "architectur"',
  ],
  ['a malformed escape in a fragment of a remote', () => Git('https://e/r#50%off'), 'is no remote: its host'],
  ['a malformed escape in an scp query', () => Git('git@e:r?a=%zz'), 'is no remote: its host'],
  ['no command', () => base.Run(), 'arguments are required'],
  ['an empty command', () => base.Run(Shlex('  # nothing')), 'arguments are required'],
  ['no arguments', () => base.Run(Args([])), 'arguments are required'],
  ['an argument with NUL', () => base.Run(Args(['a\0b'])), 'Args: arguments[0] contains a NUL character'],
  ['arguments as text', () => Args(wrong('make')), 'Args: arguments must be a list of strings, got "make"'],
  ['a tmpfs of something', () => AddMount('/t', base, Tmpfs()), 'AddMount: tmpfs mounts must use scratch'],
  [
    'a negative tmpfs',
    () => AddMount('/t', Scratch(), Tmpfs(TmpfsSize(-1))),
    'Tmpfs: the size of a tmpfs must be at least 0, got -1',
  ],
  [
    'half a byte',
    () => AddMount('/t', Scratch(), Tmpfs(TmpfsSize(0.5))),
    'Tmpfs: the size of a tmpfs must be a whole number, got 0.5',
  ],
  [
    'NaN bytes',
    () => AddMount('/t', Scratch(), Tmpfs(TmpfsSize(Number.NaN))),
    'Tmpfs: the size of a tmpfs must be a whole number, got NaN',
  ],
  ['a mount nowhere', () => AddMount('', base), 'AddMount: the mount target must not be empty'],
  [
    'a cache without id',
    () => AddMount('/c', Scratch(), AsPersistentCacheDir('')),
    'AddMount: the cache id must not be empty',
  ],
  [
    'an unknown sharing',
    () => AddMount('/c', Scratch(), AsPersistentCacheDir('x', wrong('all'))),
    'AddMount: sharing must be one of "shared", "private", "locked", got "all"',
  ],
  [
    'a mount option for a file action',
    () => Mkdir('/a', 0o755, wrong(Readonly())),
    'Mkdir: there is no option "readonly"',
  ],
  [
    'a misspelled option',
    () => Copy(base, '/', '/', wrong({ createDestPaths: true })),
    'Copy: there is no option "createDestPaths"',
  ],
  [
    'a run option for an image',
    () => Image('a', wrong(Shlex('x'))),
    'Image: option 1 is an option of run, which Image does not take',
  ],
  [
    'a change of state for an image',
    () => Image('a', wrong(AddEnv('A', '1'))),
    'Image: option 1 is a function, which Image does not take',
  ],
  [
    'a mount option for Run',
    () => base.Run(Shlex('x'), wrong(Readonly())),
    'Run: option 2 is an object, which Run does not take',
  ],
  [
    'text for a mode',
    () => Mkfile('/a', wrong('0644'), ''),
    'Mkfile: mode must be a number such as 0o644, got "0644"',
  ],
  ['a fraction of a mode', () => Mkdir('/a', 1.5), 'Mkdir: mode must be between 0 and 0o7777, got 1.5'],
  ['a negative mode', () => Mkdir('/a', -1), 'Mkdir: mode must be between 0 and 0o7777, got -1'],
  ['a path with NUL', () => Rm('/a\0'), 'Rm: the path contains a NUL character'],
  [
    'a lone surrogate',
    () => Symlink('\ud800', '/a'),
    'Symlink: the target is not valid Unicode (a lone surrogate)',
  ],
  [
    'content with a lone surrogate',
    () => Mkfile('/a', 0o644, 'a\udc00'),
    'Mkfile: the content is not valid Unicode (a lone surrogate)',
  ],
  [
    'content that is none',
    () => Mkfile('/a', 0o644, wrong(1)),
    'Mkfile: the content must be a string or a Uint8Array, got 1',
  ],
  ['no action', () => base.File(wrong(undefined)), 'File: action is required'],
  ['a copy of nothing', () => Copy(wrong(undefined), '/', '/'), 'Copy: invalid empty source for copy'],
  [
    'a copy of unbound actions',
    () => Copy(wrong(Mkdir('/a', 0o755)), '/', '/'),
    'Copy: invalid input type FileAction for copy',
  ],
  [
    'a copy of text',
    () => Copy(wrong('/src'), '/', '/'),
    'Copy: the source (invalid input type for copy) must be a State, got "/src"',
  ],
  [
    'an invalid date',
    () => Mkdir('/a', 0o755, WithCreatedTime(new Date('x'))),
    'Mkdir: createdTime is an invalid date',
  ],
  [
    'a negative owner',
    () => Mkdir('/a', 0o755, WithUIDGID(-1, 0)),
    'Mkdir: chown.user must be between 0 and 4294967295, got -1',
  ],
  [
    'an upper-case image',
    () => Image('UPPER'),
    'invalid reference format: repository name (library/UPPER) must be lowercase',
  ],
  ['a malformed image', () => Image('a b'), 'invalid reference format'],
  ['a tagged blob', () => ImageBlob('a:t'), 'tagged image reference not allowed for blob reference'],
  ['a blob without digest', () => ImageBlob('a'), 'checksum required in blob reference'],
  [
    'a negative layer limit',
    () => Image('a', WithLayerLimit(-1)),
    'Image: layerLimit must be at least 0, got -1',
  ],
  ['no local name', () => Local(''), 'Local: the name must not be empty'],
  ['no layout', () => OCILayout(''), 'OCILayout: the reference must not be empty'],
  ['no source', () => NewSource(''), "NewSource: source identifier can't be empty"],
  [
    'a download of a file',
    () => HTTP('file:///etc/passwd'),
    'HTTP: "file:///etc/passwd" is no http or https URL',
  ],
  [
    'a bad download mode',
    () => HTTP('https://e/x', Chmod(1e9)),
    'HTTP: perm must be between 0 and 0o7777, got 1000000000',
  ],
  [
    'an unknown protocol',
    () => Git('ftp://example.com/a'),
    'Git: "ftp://example.com/a" is no remote: invalid protocol ftp',
  ],
  [
    'ssh without known hosts',
    () => Git('git@github.com:a/b'),
    'Git: "git@github.com:a/b" needs KnownSSHHosts',
  ],
  ['no variable name', () => base.AddEnv('', 'x'), 'AddEnv: "" is no variable name'],
  ['a variable name with =', () => AddEnv('A=B', 'x'), 'AddEnv: "A=B" is no variable name'],
  ['a number for a directory', () => Dir(wrong(1)), 'Dir: the directory must be a string, got 1'],
  ['no address', () => AddExtraHost('h', '1.2.3'), 'AddExtraHost: "1.2.3" is no IP address'],
  ['an unknown security mode', () => Security(wrong(7)), 'Security: invalid security mode 7'],
  [
    'an unknown network mode',
    () => base.Network(wrong('x')),
    'Network: the network mode must be one of "sandbox", "host", "none", got "x"',
  ],
  [
    'a limit below -1',
    () => AddUlimit('nofile', -2, 0),
    'AddUlimit: the soft limit must be between -1 and 9223372036854775807, got -2',
  ],
  [
    'negative memory',
    () => MemoryLimit(-1),
    'MemoryLimit: the limit must be between 0 and 9223372036854775807, got -1',
  ],
  ['a fraction of a quota', () => CPUQuota(1.5), 'CPUQuota: the limit must be a whole number, got 1.5'],
  [
    'an exit code that is none',
    () => ValidExitCodes(Number.NaN),
    'ValidExitCodes: an exit code must be a whole number, got NaN',
  ],
  [
    'a secret for nobody',
    () => AddSecretWithDest('s', wrong(undefined)),
    'AddSecretWithDest: secret "s" needs a target or an environment variable',
  ],
  ['a secret nowhere', () => AddSecret(''), 'AddSecret: the target must not be empty'],
  ['no platform', () => Platform('arm64'), 'Platform: "arm64" is no platform'],
  [
    'an unknown field of a platform',
    () => Platform(wrong({ os: 'linux', arch: 'arm64' })),
    'Platform: a platform has no field "arch"',
  ],
  [
    'a passthrough of nothing',
    () => NewPassthrough('id', []),
    'NewPassthrough: passthrough must have at least one input',
  ],
  [
    'a passthrough without id',
    () => NewPassthrough('', [{ state: base, output: true }]),
    'NewPassthrough: passthrough requires an id',
  ],
  [
    'a passthrough without output',
    () => NewPassthrough('id', [{ state: base }]),
    'NewPassthrough: passthrough must have at least one output',
  ],
  [
    'scratch that requires',
    () => Scratch().Requires('id', base),
    'Requires: passthrough must have at least one output',
  ],
  [
    'an output that is not there',
    () => NewPassthroughOp('id', [{ state: base, output: true }]).OutputAt(1),
    'OutputAt: invalid passthrough output 1',
  ],
  ['a build of nothing', () => Scratch().With(Build()), 'Build: an empty state holds no definition'],
  ['text for a State', () => Merge(base, wrong('b')), 'Merge: input 2 must be a State, got "b"'],
  [
    'an option for Merge without a list',
    () => Merge(base, wrong(IgnoreCache)),
    'Merge: input 2 must be a State, got an object',
  ],
  [
    'a State of another copy',
    () => Diff(base, foreign),
    'Diff: the upper state is a State of another copy of llb-ts',
  ],
  [
    'a change that gives no State',
    () => base.With(wrong(() => 1)),
    'With: what an option returns must be a State, got 1',
  ],
  ['a change that is none', () => With(wrong({})), 'With: option 1 is an object, which With does not take'],
  [
    'what a tmpfs holds',
    () => Merge(base, wrong(base.Run(Shlex('x')).AddMount('/t', Scratch(), Tmpfs()))),
    "tmpfs mount for /t can't be used as a parent",
  ],
  [
    'what a no-output mount holds',
    () =>
      (base.Run(Shlex('x'), AddMount('/n', Scratch(), ForceNoOutput())).GetMount('/n') as State).Run(
        Shlex('y'),
      ),
    "mount marked no-output and /n can't be used as a parent",
  ],
  [
    'what a cache holds',
    () =>
      Copy(
        wrong(base.Run(Shlex('x'), AddMount('/c', Scratch(), AsPersistentCacheDir('c'))).GetMount('/c')),
        '/',
        '/',
      ),
    'invalid mount: /c',
  ],
  [
    'an unknown image setting',
    () => base.ImageConfig(wrong({ entrypoints: [] })),
    'ImageConfig: there is no setting "entrypoints"',
  ],
  [
    'a port that is none',
    () => base.ImageConfig({ exposedPorts: ['http'] }),
    'ImageConfig: "http" is no port',
  ],
  [
    'an image config that is no JSON',
    () => base.WithImageConfig('{'),
    'WithImageConfig: the image config is no JSON',
  ],
  [
    'a function that is none',
    () => base.Async(wrong(base)),
    'Async: a function is needed that returns a State',
  ],
];

describe('mistakes', () => {
  it.each(mistakes)('%s', (_, make, message) => {
    const error = caught(make);
    expect(error.message).toContain(message);
    // The line that is wrong is this file's, not one of ours.
    expect(error.callSite?.filename).toContain('mistakes.test.ts');
  });

  it('name the very line', () => {
    const [error, line] = [caught(() => Image('UPPER')), lineHere()];
    expect(error.callSite?.line).toBe(line);
  });

  it('tell decimal modes from octal ones where the build file can be read', () => {
    const read = (source: string) => readSourcesWith(() => source);
    try {
      read("Mkfile('/a', 755, '')");
      expect(caught(() => Mkfile('/a', 755, '')).message).toBe('Mkfile: mode 755 is decimal');
      expect(caught(() => Mkfile('/a', 755, '')).hint).toBe('write it in octal: 0o755');
      // The same numbers.
      read("Mkfile('/a', 0o1363, '')");
      Mkfile('/a', 755, '');
      read("Mkdir('/a', 0o1274).Mkfile('/700', 0o644, '')");
      Mkdir('/a', 700);
    } finally {
      readSourcesWith(undefined);
    }
    Mkdir('/a', 0o1274);
  });

  it('take what a condition left out for no option', () => {
    const no: readonly NoOption[] = [false, undefined, null];
    const made = [
      Image('a', ...no),
      Local('a', ...no),
      base.Run(Shlex('x'), ...no, AddMount('/a', base, ...no), AddSecret('/s', ...no), AddSSHSocket(...no)),
      base.With(...no, (state) => state.File(Mkdir('/a', 0o755, ...no), ...no)),
      Merge([base, base], ...no),
      Diff(base, base, ...no),
      base.SetMarshalDefaults(...no),
    ];
    for (const state of made) expect(isState(state)).toBe(true);
    expect(Tmpfs(...no)).toEqual({ tmpfs: {} });
  });

  it('join 20,000 relative directories quickly', () => {
    let state = Image('a').Dir('/');
    for (let i = 0; i < 20_000; i++) state = state.Dir('d');
    expect(state.GetDir()).toBe('/d'.repeat(20_000));
  });

  it('say what to do about it where that is known', () => {
    expect(caught(() => base.Run(Shlex('x'), wrong(WithExportCache))).hint).toBe(
      'call it: WithExportCache()',
    );
    expect(caught(() => Copy(base, '/', '/', wrong({ createDestPaths: true }))).hint).toBe(
      'did you mean "createDestPath"?',
    );
    expect(caught(() => Merge(wrong(undefined), base)).hint).toContain('imported in a circle');
    expect(caught(() => Platform('linux/amd46')).hint).toContain('did you mean "amd64"?');
    expect(caught(() => base.Run()).hint).toContain("Shlex('make')");
  });
});

describe('isState', () => {
  it('tells states of this copy, of another, and anything else apart', () => {
    expect(isState(base)).toBe(true);
    expect(isState(base.Run(Shlex('x')))).toBe(true);
    expect(isState(foreign)).toBe(false);
    expect(isForeignState(foreign)).toBe(true);
    expect(isForeignState(base)).toBe(false);
    for (const value of [undefined, null, 1, 'a', {}, [], () => 0]) {
      expect(isState(value)).toBe(false);
      expect(isForeignState(value)).toBe(false);
    }
  });
});

describe('call sites', () => {
  it('are those of the user, also through a function of the engine', () => {
    const [state, line] = [Reflect.apply(Image, undefined, ['a']), lineHere()];
    const output = state.Output();
    const site = output?.kind === 'result' ? output.vertex.callSite : undefined;
    expect(site).toMatchObject({ line });
  });
});

function caught(make: () => unknown): LlbError {
  try {
    make();
  } catch (error) {
    if (error instanceof LlbError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

/** The caller's line in the running module, which is what call sites are. */
function lineHere(): number | null {
  const { prepareStackTrace } = Error;
  try {
    Error.prepareStackTrace = (_, frames) => frames;
    const frames = new Error().stack as unknown as readonly NodeJS.CallSite[];
    return frames[1]?.getLineNumber() ?? null;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

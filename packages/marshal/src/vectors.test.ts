import { readFileSync } from 'node:fs';
import {
  AddCDIDevice,
  AddMount,
  AddSecret,
  AddSSHSocket,
  AddUlimit,
  AsPersistentCacheDir,
  Build,
  CacheMountLocked,
  CDIDeviceName,
  CDIDeviceOptional,
  Checksum,
  Chmod,
  Chown,
  Copy,
  Diff,
  Differ,
  DiffNone,
  ExcludePatterns,
  Filename,
  FollowPaths,
  ForceNoOutput,
  Git,
  Header,
  HTTP,
  Image,
  IncludePatterns,
  KeepGitDir,
  LinuxAmd64,
  Local,
  LocalUniqueID,
  MarkImageInternal,
  Merge,
  MetadataOnlyTransfer,
  Mkdir,
  Mkfile,
  Network,
  OCIChecksum,
  OCILayerLimit,
  OCILayout,
  OCIStore,
  Readonly,
  Require,
  ResolveModeForcePull,
  Scratch,
  SecretAsEnv,
  SecretID,
  Security,
  SessionID,
  SharedKeyHint,
  Shlex,
  SourcePath,
  SSHID,
  type State,
  Tmpfs,
  TmpfsSize,
  ValidExitCodes,
  WithCgroupParent,
  WithCustomName,
  WithFilename,
  WithImageChecksum,
  WithLayerLimit,
  WithProxy,
  WithUIDGID,
  WithUser,
} from '@llb-ts/llb';
import { decodeOp, encodeOp } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import type { MarshalOptions } from './base/context.ts';
import { marshal } from './marshal.ts';

/** Ops that Go's client wrote for these graphs (BuildKit v0.34.2), all for linux/amd64. */
interface Vector {
  readonly graph: string;
  readonly go: string;
  readonly op: number;
  /** First eight digits of its sha256. */
  readonly digest: string;
  readonly hex: string;
}

const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'));

const graphs: Readonly<Record<string, State>> = {
  image: Image('alpine'),
  mkdir: Scratch().File(Mkdir('/a', 0o755)),
  run: Image('a').Run(Shlex('x')),
  'run-everything': Image('busybox')
    .AddEnv('B', '1')
    .AddEnv('A', '2')
    .AddEnv('B', '3')
    .AddEnv('C', '')
    .Dir('rel')
    .User('me')
    .Hostname('hh')
    .Run(
      Shlex(`echo ${'hi'} 'a b' "c\\"d" # comment`),
      AddMount('/z', Scratch(), Tmpfs(TmpfsSize(10))),
      AddMount('/cache', Scratch(), AsPersistentCacheDir('cid', CacheMountLocked)),
      AddMount('/b', Image('busybox'), Readonly(), SourcePath('/sub')),
      AddMount('/a', Scratch()),
      AddMount('/no', Scratch(), ForceNoOutput()),
      AddSecret('/s1', SecretID('id1')),
      AddSecret('SECENV', SecretAsEnv(true)),
      AddSSHSocket(SSHID('sid')),
      ValidExitCodes(0, 5),
      Network('host'),
      Security('insecure'),
      WithProxy({ httpProxy: 'p' }),
      AddUlimit('nofile', 1, 2),
      AddCDIDevice(CDIDeviceName('d'), CDIDeviceOptional),
      WithCgroupParent('cg'),
    ),
  merge: Merge([Image('a'), Image('a'), Scratch(), Image('b')], WithCustomName('m')),
  'diff-to-scratch': Diff(Image('a'), Scratch()),
  diff: Diff(Image('a'), Image('a').File(Mkfile('/x', 0o644, 'q'))),
  requires: Image('a').Requires('id', Image('b')),
  build: Scratch()
    .File(Mkfile('/buildkit.llb.definition', 0o644, 'q'))
    .With(Build(WithFilename('fn'))),
  local: Local(
    'ctx',
    IncludePatterns(['a<b', 'é']),
    ExcludePatterns(['x']),
    FollowPaths(['f']),
    SharedKeyHint('h'),
    Differ(DiffNone, true),
    MetadataOnlyTransfer(['e']),
  ),
  'local-session': Local('ctx', SessionID('s')),
  http: HTTP(
    'https://e/x',
    Checksum('sha256:aa'),
    Filename('f'),
    Chmod(0o755),
    Chown(1, 2),
    Header({ accept: 'a', userAgent: 'u' }),
  ),
  'oci-layout': OCILayout('r@sha256:aa', OCIStore('s', 't'), OCILayerLimit(2), OCIChecksum('sha256:bb')),
  'image-options': Image(
    'a',
    ResolveModeForcePull,
    WithLayerLimit(3),
    WithImageChecksum('sha256:bb'),
    MarkImageInternal,
  ),
  git: Git('github.com/a/b.git', 'main:sub', KeepGitDir()),
  require: Image('a', Require('x')),
  owners: Scratch().File(
    Mkdir('/a', 0o755, WithUser('root:5'))
      .Mkfile('b', 0o7777, '', WithUIDGID(0, 0))
      .Mkdir('c', 0o755, { chown: {} }),
  ),
  'copy-paths': Scratch()
    .Dir('/w')
    .File(Copy(Image('a').Dir('/s'), 'x/', 'd/.').Copy(Image('a'), '/', '.').Copy(Image('a'), '', '')),
  'copy-info': Scratch().File(
    Mkdir('/a', 0o755)
      .Symlink('a', 'b')
      .Copy(Image('alpine'), '/x', 'y/', {
        includePatterns: ['a'],
        requiredPaths: ['z'],
        alwaysReplaceExistingDestPaths: true,
        mode: 'u+x',
      }),
  ),
};

const options: Readonly<Record<string, MarshalOptions>> = {
  local: { constraints: [LinuxAmd64, LocalUniqueID('u')] },
  require: { constraints: [LinuxAmd64, Require('y')] },
};

describe("vectors of Go's client", () => {
  it.each(vectors)('$graph, op $op', async ({ graph, op, digest, hex }) => {
    const state = graphs[graph];
    if (!state) throw new Error(`no graph ${graph}`);
    const definition = await marshal(state, options[graph] ?? { constraints: [LinuxAmd64] });
    const bytes = definition.message.def[op] ?? new Uint8Array();
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    expect((definition.entries[op]?.digest ?? definition.digest)?.slice(7, 15)).toBe(digest);
  });

  it.each(vectors)('pb reads and writes $graph, op $op', ({ hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(Buffer.from(encodeOp(decodeOp(bytes))).toString('hex')).toBe(hex);
  });

  it('uses every graph', () => {
    expect(new Set(vectors.map(({ graph }) => graph))).toEqual(new Set(Object.keys(graphs)));
  });
});

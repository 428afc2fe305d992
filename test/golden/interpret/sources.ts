import * as llb from '@llb-ts/llb';
import type { Call } from './call.ts';

type Options = readonly never[];

const options = (c: Call, from: number): Options => c.rest<never>(from);

/** Constructors of sources and their options. */
export const sources: Readonly<Record<string, (call: Call) => unknown>> = {
  Scratch: () => llb.Scratch(),

  Image: (c) => llb.Image(c.text(0), ...options(c, 1)),
  MarkImageInternal: () => llb.MarkImageInternal,
  ResolveModeDefault: () => llb.ResolveModeDefault,
  ResolveModeForcePull: () => llb.ResolveModeForcePull,
  ResolveModePreferLocal: () => llb.ResolveModePreferLocal,
  'ResolveMode.String': (c) => c.arg<{ readonly resolveMode: string }>(0).resolveMode,
  WithMetaResolver: (c) => llb.WithMetaResolver(c.arg<llb.ImageConfigResolver>(0)),
  ResolveDigest: (c) => llb.ResolveDigest(c.flag(0)),
  WithLayerLimit: (c) => llb.WithLayerLimit(c.number(0)),
  WithImageChecksum: (c) => llb.WithImageChecksum(c.text(0)),

  ImageBlob: (c) => llb.ImageBlob(c.text(0), ...options(c, 1)),
  OCILayoutBlob: (c) => llb.OCILayoutBlob(c.text(0), ...options(c, 1)),
  ImageBlobOCIStore: (c) => llb.ImageBlobOCIStore(c.text(0), c.text(1)),

  OCILayout: (c) => llb.OCILayout(c.text(0), ...options(c, 1)),
  OCIStore: (c) => llb.OCIStore(c.text(0), c.text(1)),
  OCILayerLimit: (c) => llb.OCILayerLimit(c.number(0)),
  OCIChecksum: (c) => llb.OCIChecksum(c.text(0)),

  Local: (c) => llb.Local(c.text(0), ...options(c, 1)),
  SessionID: (c) => llb.SessionID(c.text(0)),
  IncludePatterns: (c) => llb.IncludePatterns(c.texts(0)),
  ExcludePatterns: (c) => llb.ExcludePatterns(c.texts(0)),
  FollowPaths: (c) => llb.FollowPaths(c.texts(0)),
  SharedKeyHint: (c) => llb.SharedKeyHint(c.text(0)),
  Differ: (c) => llb.Differ(c.arg(0), c.flag(1)),
  DiffNone: () => llb.DiffNone,
  DiffMetadata: () => llb.DiffMetadata,
  MetadataOnlyTransfer: (c) => llb.MetadataOnlyTransfer(c.texts(0)),

  HTTP: (c) => llb.HTTP(c.text(0), ...options(c, 1)),
  Checksum: (c) => llb.Checksum(c.text(0)),
  Chmod: (c) => llb.Chmod(c.mode(0)),
  Chown: (c) => llb.Chown(c.number(0), c.number(1)),
  Filename: (c) => llb.Filename(c.text(0)),
  Header: (c) => {
    const { Accept: accept, UserAgent: userAgent } = c.record(0) as { Accept?: string; UserAgent?: string };
    return llb.Header({ ...(accept && { accept }), ...(userAgent && { userAgent }) });
  },
  VerifyPGPSignature: (c) => {
    const { PubKey, Signature } = c.record(0) as { PubKey?: string; Signature?: string };
    return llb.VerifyPGPSignature({
      ...(PubKey && { pubKey: PubKey }),
      ...(Signature && { signature: Signature }),
    });
  },
  AuthHeaderSecret: (c) => llb.AuthHeaderSecret(c.text(0)),

  Git: (c) => llb.Git(c.text(0), c.text(1), ...options(c, 2)),
  GitRef: (c) => llb.GitRef(c.text(0)),
  GitSubDir: (c) => llb.GitSubDir(c.text(0)),
  GitSkipSubmodules: () => llb.GitSkipSubmodules(),
  GitMTime: (c) => llb.GitMTime(c.arg(0)),
  GitMTimeCommit: () => llb.GitMTimeCommit(),
  GitAdvice: (c) => llb.GitAdvice(c.flag(0)),
  KeepGitDir: () => llb.KeepGitDir(),
  AuthTokenSecret: (c) => llb.AuthTokenSecret(c.text(0)),
  GitAuthTokenKey: () => llb.GitAuthTokenKey,
  GitAuthHeaderKey: () => llb.GitAuthHeaderKey,
  KnownSSHHosts: (c) => llb.KnownSSHHosts(c.text(0)),
  MountSSHSock: (c) => llb.MountSSHSock(c.text(0)),
  GitChecksum: (c) => llb.GitChecksum(c.text(0)),
  GitFetchByCommit: () => llb.GitFetchByCommit(),
  GitBundleURL: (c) => llb.GitBundleURL(c.text(0), ...options(c, 1)),
  GitBundleOCIStore: (c) => llb.GitBundleOCIStore(c.text(0), c.text(1)),
  GitCheckoutBundle: () => llb.GitCheckoutBundle(),
};

import type { Caller } from '../base/call-site.ts';
import { flag, nonEmpty, oneOf, text } from '../base/check.ts';
import { fail } from '../base/error.ts';
import { parseGitRemote } from '../base/git-url.ts';
import { joinPath } from '../base/path.ts';
import {
  type Change,
  type Checks,
  type ConstraintsOpt,
  collect,
  given,
  type NoOption,
  settings,
} from '../graph/option.ts';
import type { GitSource } from '../graph/source-spec.ts';
import { NewState, type State } from '../state/state.ts';
import { sourceOutput } from './source.ts';

/** Name of the secret that {@link Git} uses as a header unless told otherwise. `AuthHeaderSecret(GitAuthHeaderKey)` */
export const GitAuthHeaderKey = 'GIT_AUTH_HEADER';
/** Name of the secret that {@link Git} uses as a token unless told otherwise. `AuthTokenSecret(GitAuthTokenKey)` */
export const GitAuthTokenKey = 'GIT_AUTH_TOKEN';

/** Settings of `Git`. */
export interface GitInfo {
  /** Branch, tag or commit. Default: that of the fragment, else the remote's default branch. */
  readonly ref?: string;
  /** Takes only this folder of the repository. Default: all of it. */
  readonly subDir?: string;
  /** Keeps `.git`. Default: false. */
  readonly keepGitDir?: boolean;
  /** Secret with a token; `''`: none. Default: {@link GitAuthTokenKey}, if the build has it. */
  readonly authTokenSecret?: string;
  /** Secret with an `Authorization` header; `''`: none. Default: {@link GitAuthHeaderKey}, if the build has it. */
  readonly authHeaderSecret?: string;
  /** Lines of `known_hosts`; needed for ssh remotes. */
  readonly knownSSHHosts?: string;
  /** Id of the ssh agent for ssh remotes. Default: `default`. */
  readonly mountSSHSock?: string;
  /** Commit that must come out; a prefix will do. Default: any. */
  readonly checksum?: string;
  /** Default: false. */
  readonly skipSubmodules?: boolean;
  /** Times of files: when they were checked out, or that of the commit. Default: `'checkout'`. */
  readonly mtime?: 'checkout' | 'commit';
  /** Lets Git print its advice. Default: false. */
  readonly advice?: boolean;
  /** Fetches the commit of `checksum` without asking what the ref is now. Default: false. */
  readonly fetchByCommit?: boolean;
  /** Blob with a Git bundle to take commits from instead of the remote. Default: none. */
  readonly bundle?: string;
  /** Session that has the layout of the bundle. Default: that of the build. */
  readonly bundleOCISessionID?: string;
  /** Name of the layout of the bundle. Default: the path of the blob's reference. */
  readonly bundleOCIStoreID?: string;
  /** The result is one file `bundle` with the commit, not a checkout. Default: false. */
  readonly checkoutBundle?: boolean;
}
/** An option of `Git`. */
export type GitOption = GitInfo | Change<'Git', GitInfo> | ConstraintsOpt;

const checks = {
  ref: text,
  subDir: text,
  keepGitDir: flag,
  authTokenSecret: text,
  authHeaderSecret: text,
  knownSSHHosts: (at: Caller, what: string, value: unknown) => hostLines(text(at, what, value)),
  mountSSHSock: text,
  checksum: text,
  skipSubmodules: flag,
  mtime: (at: Caller, what: string, value: unknown) => oneOf(at, what, ['checkout', 'commit'], value),
  advice: flag,
  fetchByCommit: flag,
  bundle: text,
  bundleOCISessionID: text,
  bundleOCIStoreID: text,
  checkoutBundle: flag,
} satisfies Checks<GitInfo>;

/**
 * A checkout of a Git repository, without `.git`. Remotes are URLs, `user@host:path`, or URLs without `https://`.
 *
 * ```ts
 * Git('https://github.com/moby/buildkit.git', 'v0.34.2')
 * Git('github.com/moby/buildkit', '', { ref: 'master', keepGitDir: true })
 * ```
 *
 * @param fragment `ref` or `ref:folder`; default: the default branch
 */
export function Git(url: string, fragment = '', ...options: readonly (GitOption | NoOption)[]): State {
  const at: Caller = Git;
  const remote = parseGitRemote(nonEmpty(at, 'the remote', url));
  if ('problem' in remote) {
    throw fail('invalid-git-remote', at, `Git: ${JSON.stringify(url)} is no remote: ${remote.problem}`);
  }
  const { info, constraints } = collect(at, { of: 'Git', checks }, options);
  const [fragmentRef = '', folder = ''] = text(at, 'the fragment', fragment).split(/:(.*)/s);
  const ssh = remote.scheme === 'ssh';
  if (ssh && !info.knownSSHHosts) {
    throw fail(
      'invalid-git-remote',
      at,
      `Git: ${JSON.stringify(url)} needs KnownSSHHosts`,
      `give it what "ssh-keyscan ${remote.host}" prints, so that every build trusts the same host`,
    );
  }
  const source: GitSource = {
    type: 'git',
    repository: remote.host + joinPath('/', remote.path),
    url: remote.remote,
    ssh,
    ref: info.ref ?? fragmentRef,
    subDir: info.subDir ?? joinPath('/', folder).slice(1),
    keepGitDir: info.keepGitDir ?? false,
    authTokenSecret: info.authTokenSecret ?? GitAuthTokenKey,
    authHeaderSecret: info.authHeaderSecret ?? GitAuthHeaderKey,
    authChosen: info.authTokenSecret !== undefined || info.authHeaderSecret !== undefined,
    knownSSHHosts: info.knownSSHHosts ?? '',
    mountSSHSock: info.mountSSHSock ?? '',
    checksum: info.checksum ?? '',
    skipSubmodules: info.skipSubmodules ?? false,
    mtime: info.mtime ?? '',
    advice: info.advice ?? false,
    fetchByCommit: info.fetchByCommit ?? false,
    bundle: info.bundle ?? '',
    bundleOCISessionID: info.bundleOCISessionID ?? '',
    bundleOCIStoreID: info.bundleOCIStoreID ?? '',
    checkoutBundle: info.checkoutBundle ?? false,
  };
  return NewState(sourceOutput(at, source, constraints));
}

function hostLines(lines: string): string {
  return `${lines.replace(/\n$/, '')}\n`;
}

/** Branch, tag or commit. `Git(url, '', GitRef('v1.2'))` */
export function GitRef(ref: string): { readonly ref: string } {
  return given(GitRef, { ref });
}

/** Takes only one folder of the repository. `Git(url, '', GitSubDir('docs'))` */
export function GitSubDir(folder: string): { readonly subDir: string } {
  return given(GitSubDir, { subDir: folder });
}

/** Does not check out submodules. `Git(url, '', GitSkipSubmodules())` */
export function GitSkipSubmodules(): { readonly skipSubmodules: true } {
  return { skipSubmodules: true };
}

/** Times of files: `'checkout'` or `'commit'`. `Git(url, '', GitMTime('commit'))` */
export function GitMTime(mtime: 'checkout' | 'commit'): { readonly mtime: 'checkout' | 'commit' } {
  return given(GitMTime, { mtime });
}

/** Gives files the time of the commit. `Git(url, '', GitMTimeCommit())` */
export function GitMTimeCommit(): { readonly mtime: 'commit' } {
  return { mtime: 'commit' };
}

/** True if Git prints its advice. `Git(url, '', GitAdvice(true))` */
export function GitAdvice(advice: boolean): { readonly advice: boolean } {
  return given(GitAdvice, { advice });
}

/** Keeps `.git`. `Git(url, '', KeepGitDir())` */
export function KeepGitDir(): { readonly keepGitDir: true } {
  return { keepGitDir: true };
}

/** Secret with a token; `''`: none. `Git(url, '', AuthTokenSecret('github'))` */
export function AuthTokenSecret(name: string): { readonly authTokenSecret: string } {
  return given(AuthTokenSecret, { authTokenSecret: name });
}

/** One more line of `known_hosts`. `Git('git@github.com:a/b', '', KnownSSHHosts('github.com ssh-ed25519 AAAA…'))` */
export function KnownSSHHosts(line: string): Change<'Git', GitInfo> {
  const added = hostLines(text(KnownSSHHosts, 'the line', line));
  return { of: 'Git', change: (info) => ({ ...info, knownSSHHosts: (info.knownSSHHosts ?? '') + added }) };
}

/** Id of the ssh agent. `Git('git@github.com:a/b', '', MountSSHSock('github'), KnownSSHHosts(line))` */
export function MountSSHSock(id: string): { readonly mountSSHSock: string } {
  return given(MountSSHSock, { mountSSHSock: id });
}

/** Commit that must come out; a prefix will do. `Git(url, 'v1', GitChecksum('1a2b3c4'))` */
export function GitChecksum(commit: string): { readonly checksum: string } {
  return given(GitChecksum, { checksum: commit });
}

/** Fetches the commit of {@link GitChecksum} without asking what the ref is now. `Git(url, 'main', GitChecksum(c), GitFetchByCommit())` */
export function GitFetchByCommit(): { readonly fetchByCommit: true } {
  return { fetchByCommit: true };
}

/** Settings of `GitBundleURL`. */
export interface GitBundleInfo {
  /** Session that has the layout. Default: that of the build. */
  readonly ociSessionID?: string;
  /** Name of the layout. Default: the path of the blob's reference. */
  readonly ociStoreID?: string;
}
/** An option of `GitBundleURL`. */
export type GitBundleOption = GitBundleInfo;

const bundleChecks = { ociSessionID: text, ociStoreID: text } satisfies Checks<GitBundleInfo>;

/**
 * Takes commits from a Git bundle, a blob, instead of the remote; needs {@link GitChecksum}.
 * `Git(url, '', GitBundleURL('docker-image+blob://example.com/b@sha256:…'), GitChecksum(commit))`
 */
export function GitBundleURL(
  locator: string,
  ...options: readonly (GitBundleOption | NoOption)[]
): { readonly bundle: string; readonly bundleOCISessionID: string; readonly bundleOCIStoreID: string } {
  const at: Caller = GitBundleURL;
  const { ociSessionID = '', ociStoreID = '' } = settings(
    at,
    { of: 'GitBundleURL', checks: bundleChecks },
    options,
  );
  const bundle = { bundle: locator, bundleOCISessionID: ociSessionID, bundleOCIStoreID: ociStoreID };
  return given(at, bundle);
}

/** Session and name of the layout that has a bundle. `GitBundleURL('oci-layout+blob://b@sha256:…', GitBundleOCIStore('', 'b'))` */
export function GitBundleOCIStore(
  sessionID: string,
  storeID: string,
): { readonly ociSessionID: string; readonly ociStoreID: string } {
  return given(GitBundleOCIStore, { ociSessionID: sessionID, ociStoreID: storeID });
}

/** The result is one file `bundle` with the commit, for {@link GitBundleURL}. `Git(url, 'v1', GitCheckoutBundle())` */
export function GitCheckoutBundle(): { readonly checkoutBundle: true } {
  return { checkoutBundle: true };
}

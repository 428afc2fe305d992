import { parseBlobDigest } from '../../blob/blob-digest.ts';
import { stepFailure } from '../../error/error.ts';
import { parseReference, type Reference } from '../../registry/reference.ts';
import { parseGitUrl, remoteOf } from './git-url.ts';

/** The parsed attributes of a git source op (`source/git/identifier.go`). */
export interface GitAttributes {
  /** The URL for git; may hold credentials. */
  readonly remote: string;
  /** Branch, tag, full ref or commit; empty for the default branch. */
  readonly ref: string;
  /** Commit (or the beginning of one) that must come out. Empty: any. */
  readonly checksum: string;
  /** Relative and clean; empty for everything. */
  readonly subdir: string;
  readonly keepGitDir: boolean;
  readonly skipSubmodules: boolean;
  readonly mtime: 'checkout' | 'commit';
  readonly advice: boolean;
  /** Fetch the commit that `checksum` names, and only call it `ref`. */
  readonly fetchByCommit: boolean;
  /** The result is one bundle file, not a working tree. */
  readonly checkoutBundle: boolean;
  /** Source of the commits, if it is not the remote. */
  readonly bundle: GitBundle | undefined;
  /** Undefined: no signature is required. */
  readonly signature: GitSignatureAttributes | undefined;
  readonly authTokenSecret: string;
  readonly authHeaderSecret: string;
  readonly sshSocket: string;
  readonly knownHosts: string;
}

/** The signature that the commit, or the tag that names it, must have. */
export interface GitSignatureAttributes {
  /** Armored PGP keys, or a line of `authorized_keys`. */
  readonly publicKey: string;
  /** A key that has expired since does not count. Default: false, as the others. */
  readonly rejectExpired: boolean;
  readonly requireSignedTag: boolean;
  /** Only the commit counts. */
  readonly ignoreSignedTag: boolean;
}

/** A git bundle that is a blob. */
export interface GitBundle {
  readonly scheme: 'docker-image+blob' | 'oci-layout+blob';
  readonly reference: Reference;
  /** Of an OCI layout. */
  readonly store: string;
}

/** Reads a source op; fails with BuildKit's texts. */
export function parseGitAttributes(locator: string, attrs: Readonly<Record<string, string>>): GitAttributes {
  const url = parseGitUrl(locator);
  if (!url) throw stepFailure('invalid protocol');
  const on = (name: string) => attrs[name] === 'true';
  const fullUrl = attrs['git.fullurl'];
  const attributes: GitAttributes = {
    remote: fullUrl === undefined ? url.remote : remoteOf(url, fullUrl),
    ref: url.ref,
    checksum: attrs['git.checksum'] ?? '',
    subdir: url.subdir,
    keepGitDir: on('git.keepgitdir'),
    skipSubmodules: on('git.skipsubmodules'),
    mtime: attrs['git.mtime'] === 'commit' ? 'commit' : 'checkout',
    advice: on('git.advice'),
    fetchByCommit: on('git.fetchbycommit'),
    checkoutBundle: on('git.checkoutbundle'),
    bundle: parseBundle(attrs),
    signature: parseSignature(attrs),
    authTokenSecret: attrs['git.authtokensecret'] ?? '',
    authHeaderSecret: attrs['git.authheadersecret'] ?? '',
    sshSocket: attrs['git.mountsshsock'] ?? '',
    knownHosts: attrs['git.knownsshhosts'] ?? '',
  };
  checkAttributes(attributes);
  return attributes;
}

function checkAttributes({ ref, checksum, bundle, checkoutBundle, keepGitDir, subdir }: GitAttributes): void {
  if (ref.startsWith('-')) throw stepFailure(`invalid git ref ${JSON.stringify(ref)}`);
  if (bundle && checksum === '') throw stepFailure('git.bundle requires git.checksum to be set');
  if (bundle && isCommit(ref) && !ref.startsWith(checksum)) {
    throw stepFailure(`expected checksum to match ${checksum}, got ${ref}`);
  }
  if (checkoutBundle && keepGitDir) {
    throw stepFailure('git.checkoutbundle is incompatible with git.keepgitdir');
  }
  if (checkoutBundle && subdir !== '') {
    throw stepFailure('git.checkoutbundle is incompatible with git.subdir');
  }
}

/** A full commit id: 40 or 64 lower-case hexadecimal digits. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function parseBundle(attrs: Readonly<Record<string, string>>): GitBundle | undefined {
  const locator = attrs['git.bundle'];
  if (!locator) return undefined;
  const fail = (why: string) =>
    stepFailure(`failed to parse git.bundle locator ${JSON.stringify(locator)}: ${why}`);
  const cut = locator.indexOf('://');
  if (cut < 0) throw fail('missing scheme');
  const scheme = locator.slice(0, cut);
  if (scheme !== 'docker-image+blob' && scheme !== 'oci-layout+blob') {
    throw stepFailure(
      `git.bundle locator scheme "${scheme}" is not supported; expected "docker-image+blob" or "oci-layout+blob"`,
    );
  }
  const reference = parseReference(locator.slice(cut + 3));
  if (parseBlobDigest(reference.digest).algorithm !== 'sha256') throw fail('invalid digest');
  return { scheme, reference, store: attrs['oci.store'] || reference.locator };
}

function parseSignature(attrs: Readonly<Record<string, string>>): GitSignatureAttributes | undefined {
  if (!Object.keys(attrs).some((name) => name.startsWith('git.sig.'))) return undefined;
  const on = (name: string) => attrs[`git.sig.${name}`] === 'true';
  return {
    publicKey: attrs['git.sig.pubkey'] ?? '',
    rejectExpired: on('rejectexpired'),
    requireSignedTag: on('requiresignedtag'),
    ignoreSignedTag: on('ignoresignedtag'),
  };
}

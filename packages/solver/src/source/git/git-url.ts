import { stepFailure } from '../../error/error.ts';
import { cleanPath } from '../../name/bytes.ts';

/** A repository as git's command line takes it, taken apart (`util/gitutil`). */
export interface GitUrl {
  readonly scheme: 'http' | 'https' | 'ssh' | 'git';
  /** `user` or `user:password`, as written; empty without. */
  readonly user: string;
  /** With port. */
  readonly host: string;
  /** Percent escapes undone. */
  readonly path: string;
  /** Without query and fragment. */
  readonly remote: string;
  /** The ref of the fragment `#ref[:subdir]`. */
  readonly ref: string;
  /** Relative and clean; empty for the whole repository. */
  readonly subdir: string;
  /** `user@host:path`, the way of scp. */
  readonly scpStyle: boolean;
}

const URL_FORM = /^([a-zA-Z0-9]+):\/\/([^/?#]*)([^?#]*)(?:\?[^#]*)?(?:#(.*))?$/s;
const SCP_FORM = /^([a-zA-Z0-9_-]+)@([a-zA-Z0-9.-]+):(.*?)(?:\?(.*?))?(?:#(.*))?$/s;
const SCHEMES = ['http', 'https', 'ssh', 'git'] as const;

/** Reads a URL or scp-style name; one without a protocol is taken as https. Undefined if it is neither. */
export function parseGitUrl(text: string): GitUrl | undefined {
  const named = /^[a-zA-Z0-9]+:\/\//.test(text);
  const scp = named ? undefined : SCP_FORM.exec(text);
  if (scp) {
    const [, user = '', host = '', path = '', , fragment = ''] = scp;
    const remote = `${user}@${host}:${path}`;
    return { scheme: 'ssh', user, host, path, remote, ...splitFragment(fragment), scpStyle: true };
  }
  const [, protocol = '', authority = '', path = '', fragment = ''] =
    URL_FORM.exec(named ? text : `https://${text}`) ?? [];
  const scheme = SCHEMES.find((one) => one === protocol.toLowerCase());
  if (!scheme) return undefined;
  const at = authority.lastIndexOf('@');
  return {
    scheme,
    user: authority.slice(0, Math.max(at, 0)),
    host: authority.slice(at + 1),
    path: decoded(path),
    remote: `${scheme}://${authority}${path}`,
    ...splitFragment(decoded(fragment)),
    scpStyle: false,
  };
}

/** The remote without what must not be read by others: a web server's user and password, the password of an ssh URL. */
export function withoutPassword(remote: string): string {
  return remote.replace(/^(https?:\/\/)[^/?#]*@/i, '$1').replace(/^([a-z]+:\/\/[^/?#:@]*):[^/?#]*@/i, '$1@');
}

function splitFragment(fragment: string): { ref: string; subdir: string } {
  const cut = fragment.indexOf(':');
  const ref = cut < 0 ? fragment : fragment.slice(0, cut);
  return { ref, subdir: cut < 0 ? '' : cleanPath(`/${fragment.slice(cut + 1)}`).slice(1) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The remote to talk to when an attribute gives the whole URL: that may add protocol and user to what the identifier
 * says, but not lead to another repository.
 */
export function remoteOf(identifier: GitUrl, fullUrl: string): string {
  const full = parseGitUrl(fullUrl);
  if (!full) throw stepFailure('failed to parse git.fullurl');
  const sameHost = full.host.toLowerCase() === identifier.host.toLowerCase();
  if (!sameHost || repositoryPath(full.path) !== repositoryPath(identifier.path)) {
    throw stepFailure('git.fullurl does not match source identifier');
  }
  const path = cleanPath(`/${identifier.path}`);
  if (full.scpStyle) {
    return `${full.user}@${full.host}:${full.path.startsWith('/') ? path : path.slice(1)}`;
  }
  const user = full.user === '' ? '' : `${full.user}@`;
  return `${full.scheme}://${user}${full.host}${encodeURI(path)}`;
}

function repositoryPath(path: string): string {
  return cleanPath(`/${path}`).replace(/\.git$/, '');
}

import { stepFailure } from '../error/error.ts';

/**
 * A reference as containerd reads it (`pkg/reference`): a locator (host and path) and an object (tag, digest, or both).
 * It is looser than Docker's grammar on purpose: what the registry does not know is answered by the registry.
 */
export interface Reference {
  /** Host and repository: `docker.io/library/alpine`. */
  readonly locator: string;
  /** `3.20`, `@sha256:…` or `3.20@sha256:…`. */
  readonly object: string;
  readonly hostname: string;
  /** The locator without the host. */
  readonly repository: string;
  /** The text after `@`; may be malformed. Empty without one. */
  readonly digest: string;
  /** The normalised text. */
  readonly text: string;
}

/** Parses a reference that has a tag or digest. Fails with containerd's texts. */
export function parseReference(text: string): Reference {
  if (text.includes('://')) throw stepFailure('invalid reference');
  // As Go's url.Parse reads it behind `dummy://`: query and fragment are no part of host or path.
  const [, rest] = /^([^?#]*)/.exec(text) as RegExpExecArray & [string, string];
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const host = checkHost(text, authority);
  let path = decodePath(text, slash < 0 ? '' : rest.slice(slash));
  let object = '';
  const cut = path.search(/[:@]/);
  if (cut >= 0) {
    object = path[cut] === ':' ? path.slice(cut + 1) : path.slice(cut);
    path = path.slice(0, cut);
  }
  const parts = path.split('/');
  // A `..` would climb to another registry.
  if (parts.includes('..')) throw stepFailure('invalid reference');
  if (object === '') throw stepFailure('object required');
  const repository = parts.filter((part) => part !== '' && part !== '.').join('/');
  const locator = repository === '' ? host : `${host}/${repository}`;
  const at = object.indexOf('@');
  return {
    locator,
    object,
    hostname: host,
    repository,
    digest: at < 0 ? '' : object.slice(at + 1),
    text: object.startsWith('@') ? locator + object : `${locator}:${object}`,
  };
}

function checkHost(text: string, authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '') throw stepFailure('hostname required');
  const port = /^(?:\[[^\]]*\]|[^:]*)(:.*)?$/.exec(host)?.[1];
  if (port !== undefined && !/^:\d*$/.test(port)) {
    throw stepFailure(`parse "dummy://${text}": invalid port "${port}" after host`);
  }
  if (/[\s<>"{}|\\^`]/.test(host)) {
    throw stepFailure(`parse "dummy://${text}": invalid character in host name`);
  }
  return host;
}

function decodePath(text: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw stepFailure(`parse "dummy://${text}": invalid URL escape`);
  }
}

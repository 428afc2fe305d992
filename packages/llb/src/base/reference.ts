import type { Caller } from './call-site.ts';
import { text } from './check.ts';
import { fail } from './error.ts';

/** A parsed image reference. */
export interface Reference {
  /** Domain and path: `docker.io/library/alpine`. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

const component = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${component}(?:\\.${component})*|\\[[a-fA-F0-9:]+\\])`;
const domain = `${host}(?::[0-9]+)?`;
const pathPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const path = `${pathPart}(?:/${pathPart})*`;
const digest = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const grammar = new RegExp(`^((?:${domain}/)?${path})(?::(\\w[\\w.-]{0,127}))?(?:@(${digest}))?$`);
const splitName = new RegExp(`^(?:(${domain})/)?(${path})$`);
const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const maxName = 255;

/**
 * Parses a reference as `github.com/distribution/reference` does, short names completed: `alpine` is
 * `docker.io/library/alpine`. Fails with `invalid-reference` and that library's texts.
 */
export function parseReference(at: Caller, value: unknown): Reference {
  const ref = text(at, 'the image reference', value);
  const bad = (message: string, hint?: string) => fail('invalid-reference', at, message, hint);
  if (/^[a-f0-9]{64}$/.test(ref)) {
    throw bad(`invalid repository name (${ref}), cannot specify 64-byte hexadecimal strings`);
  }
  const [registry, rest] = splitDomain(ref);
  const repository = rest.split(':', 1)[0] ?? '';
  if (repository.toLowerCase() !== repository) {
    throw bad(`invalid reference format: repository name (${repository}) must be lowercase`);
  }
  const match = grammar.exec(`${registry}/${rest}`);
  if (!match)
    throw bad('invalid reference format', `${JSON.stringify(ref)} is not [domain/]path[:tag][@digest]`);
  const [, name = '', tag = '', digestText = ''] = match;
  const pathLength = splitName.exec(name)?.[2]?.length ?? 0;
  if (pathLength > maxName) throw bad(`repository name must not be more than ${maxName} characters`);
  if (digestText) {
    const problem = digestProblem(digestText);
    if (problem) throw bad(problem);
  }
  return { name, tag, digest: digestText };
}

export function formatReference({ name, tag, digest }: Reference): string {
  return `${name}${tag && `:${tag}`}${digest && `@${digest}`}`;
}

/** The reference with `latest` where it has neither tag nor digest. */
export function withDefaultTag(ref: Reference): Reference {
  return ref.tag || ref.digest ? ref : { ...ref, tag: 'latest' };
}

/** The flaw of a digest, in the words of `github.com/opencontainers/go-digest`; undefined: nothing. */
export function digestProblem(value: string): string | undefined {
  const [algorithm = '', encoded] = value.split(/:(.*)/s);
  if (!algorithm || !encoded) return 'invalid checksum digest format';
  const length = digestLengths[algorithm];
  if (length === undefined) {
    return /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(value)
      ? 'unsupported digest algorithm'
      : 'invalid checksum digest format';
  }
  if (encoded.length !== length) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(encoded) ? undefined : 'invalid checksum digest format';
}

function splitDomain(ref: string): readonly [domain: string, rest: string] {
  const slash = ref.indexOf('/');
  if (slash < 0) return ['docker.io', `library/${ref}`];
  const first = ref.slice(0, slash);
  const rest = ref.slice(slash + 1);
  if (first === 'docker.io' || first === 'index.docker.io') return ['docker.io', official(rest)];
  if (first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first) return [first, rest];
  return ['docker.io', official(ref)];
}

function official(path: string): string {
  return path.includes('/') ? path : `library/${path}`;
}

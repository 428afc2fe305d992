/** Names of images as Docker reads them (`distribution/reference`). */
import { requestFailure } from '../../error/error.ts';

export interface ImageName {
  /** `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${COMPONENT}(?:\\.${COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_COMPONENT = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const PATH = `${PATH_COMPONENT}(?:/${PATH_COMPONENT})*`;
const TAG = '[\\w][\\w.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(?:(${DOMAIN})/)?(${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const DIGEST_SIZES: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

const HUB = 'docker.io';
const MAX_PATH = 255;

/** Reads a name, familiar or full. Fails with code `request` and the library's texts. */
export function parseImageName(text: string): ImageName {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw requestFailure(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const remote = remainder.split(':')[0] ?? '';
  if (remote.toLowerCase() !== remote) {
    throw requestFailure(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  if (!match) throw requestFailure('invalid reference format');
  const [, host = '', path = '', tag, digest] = match;
  if (path.length > MAX_PATH) {
    throw requestFailure(`repository name must not be more than ${MAX_PATH} characters`);
  }
  if (digest !== undefined) checkDigest(digest);
  return { domain: host, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function checkDigest(digest: string): void {
  const [algorithm = '', hex = ''] = digest.split(':');
  const size = DIGEST_SIZES[algorithm];
  if (size === undefined) throw requestFailure('unsupported digest algorithm');
  if (hex.length !== size) throw requestFailure('invalid checksum digest length');
  if (!/^[0-9a-f]+$/.test(hex)) throw requestFailure('invalid checksum digest format');
}

function splitDomain(text: string): { readonly domain: string; readonly remainder: string } {
  const cut = text.indexOf('/');
  if (cut < 0) return { domain: HUB, remainder: `library/${text}` };
  const [first, rest] = [text.slice(0, cut), text.slice(cut + 1)];
  if (first === 'index.docker.io' || first === HUB) {
    return { domain: HUB, remainder: rest.includes('/') ? rest : `library/${rest}` };
  }
  const isDomain = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  return isDomain ? { domain: first, remainder: rest } : { domain: HUB, remainder: text };
}

/** With the tag `latest` if there is neither tag nor digest. */
export function tagged(name: ImageName): ImageName {
  return name.tag === undefined && name.digest === undefined ? { ...name, tag: 'latest' } : name;
}

/** The full form: `docker.io/library/alpine:3.20`. */
export function fullName({ domain, path, tag, digest }: ImageName): string {
  return `${domain}/${path}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The short form that people write: `alpine:3.20`. */
export function familiarName(name: ImageName): string {
  const full = fullName(name);
  if (name.domain !== HUB) return full;
  const short = full.slice(HUB.length + 1);
  const official = name.path.startsWith('library/') && !name.path.slice('library/'.length).includes('/');
  return official ? short.slice('library/'.length) : short;
}

/** The reference name of OCI: the tag, or all of the name if there is only a digest (containerd `ociReferenceName`). */
export function ociReferenceName(name: ImageName): string {
  if (name.tag === undefined) return fullName(name);
  return name.digest === undefined ? name.tag : `${name.tag}@${name.digest}`;
}

import { parseBlobDigest } from '../../blob/blob-digest.ts';
import { stepFailure } from '../../error/error.ts';
import { type FileAttributes, parseFileAttributes } from '../contract/single-file.ts';

/** The parsed attributes of an http source op. */
export interface HttpAttributes {
  readonly url: string;
  /** Digest of the content; empty if whatever comes is right. */
  readonly checksum: string;
  readonly file: FileAttributes;
  /** Undefined: it needs no signature. */
  readonly signature: HttpSignatureAttributes | undefined;
  /** Secret with the `Authorization` header; empty: those named after the host, if there are any. */
  readonly authHeaderSecret: string;
  /** Sorted by name; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A detached PGP signature of the content, and keys of which one must have made it; all armored. */
export interface HttpSignatureAttributes {
  readonly publicKeys: string;
  readonly signature: string;
}

/** Headers that a definition may set; others are passed over. */
const USER_HEADERS = ['accept', 'user-agent'];

/** Reads a source op (`source/http/source.go`). */
export function parseHttpAttributes(
  scheme: string,
  locator: string,
  attrs: Readonly<Record<string, string>>,
): HttpAttributes {
  const url = `${scheme}://${locator}`;
  if (!URL.canParse(url)) throw stepFailure(`parse ${JSON.stringify(url)}: invalid URL`);
  const checksum = attrs['http.checksum'] ?? '';
  if (checksum !== '') parseBlobDigest(checksum);
  return {
    url,
    checksum,
    file: parseFileAttributes(attrs),
    signature: parseSignature(attrs),
    authHeaderSecret: attrs['http.authheadersecret'] ?? '',
    headers: USER_HEADERS.flatMap((name) => {
      const value = headerOf(attrs, name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  };
}

function headerOf(attrs: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(attrs).find(([key]) => key.toLowerCase() === `http.header.${name}`)?.[1];
}

function parseSignature(attrs: Readonly<Record<string, string>>): HttpSignatureAttributes | undefined {
  const { 'http.sig.pubkey': publicKeys, 'http.sig.signature': signature } = attrs;
  if (publicKeys === undefined && signature === undefined) return undefined;
  if (publicKeys && signature) return { publicKeys, signature };
  throw stepFailure('http signature verification requires both pubkey and signature');
}

import { hash } from 'node:crypto';
import { PbError } from './error.ts';

/** `sha256:` and 64 hexadecimal digits: the name of an op, a blob, a layer. */
export type Digest = `sha256:${string}`;

/** The sha256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}

/** True if `text` is a well-formed sha256 digest. */
export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Checks a digest that came from outside; fails with `invalid-digest`. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new PbError('invalid-digest', `${JSON.stringify(text)} is no sha256 digest`);
  return text;
}

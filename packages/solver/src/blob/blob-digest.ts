import { stepFailure } from '../error/error.ts';

export interface BlobDigest {
  readonly algorithm: 'sha256' | 'sha384' | 'sha512';
  readonly hex: string;
}

const LENGTHS = { sha256: 64, sha384: 96, sha512: 128 } as const;

/** Takes a digest of a blob apart; fails with the texts of `go-digest`. */
export function parseBlobDigest(text: string): BlobDigest {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)$/.exec(text) ?? [];
  if (algorithm === '') throw stepFailure('invalid checksum digest format');
  if (!isKnown(algorithm)) throw stepFailure('unsupported digest algorithm');
  if (hex.length !== LENGTHS[algorithm]) throw stepFailure('invalid checksum digest length');
  if (!/^[0-9a-f]+$/.test(hex)) throw stepFailure('invalid checksum digest format');
  return { algorithm, hex };
}

function isKnown(algorithm: string): algorithm is BlobDigest['algorithm'] {
  return Object.hasOwn(LENGTHS, algorithm);
}

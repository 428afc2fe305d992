import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeTarHeader, tarPadding } from './tar-writer.ts';
import type { NewTarHeader } from './tar-writer-header.ts';

interface Vector {
  readonly why: string;
  readonly header: Omit<NewTarHeader, 'mtimeNs' | 'atimeNs' | 'ctimeNs' | 'pax'> & {
    readonly mtimeNs: string;
    readonly atimeNs?: string;
    readonly ctimeNs?: string;
  };
  readonly pax?: Readonly<Record<string, string>>;
  /** Base64 pieces (`=…`) and counts of zero bytes. */
  readonly bytes?: string;
  readonly error?: string;
}

/** Made by `testdata/go-tar-headers.go.txt` with Go 1.26. */
const vectors: readonly Vector[] = JSON.parse(
  fs.readFileSync(new URL('./testdata/go-tar-headers.json', import.meta.url), 'utf8'),
);

function headerOf({ header, pax }: Vector): NewTarHeader {
  const { mtimeNs, atimeNs, ctimeNs, ...rest } = header;
  return {
    ...rest,
    mtimeNs: BigInt(mtimeNs),
    ...(atimeNs === undefined ? {} : { atimeNs: BigInt(atimeNs) }),
    ...(ctimeNs === undefined ? {} : { ctimeNs: BigInt(ctimeNs) }),
    ...(pax === undefined ? {} : { pax: new Map(Object.entries(pax)) }),
  };
}

function unpacked(bytes: string): Buffer {
  const pieces = bytes.split(' ').map((piece) => {
    return piece.startsWith('=') ? Buffer.from(piece.slice(1), 'base64') : Buffer.alloc(Number(piece));
  });
  return Buffer.concat(pieces);
}

describe('encodeTarHeader', () => {
  it('has vectors to compare with', () => {
    expect(vectors.length).toBeGreaterThan(400);
  });

  for (const vector of vectors) {
    const { why, header, bytes, error } = vector;
    const name = `${why}: ${JSON.stringify(header).slice(0, 160)}`;
    if (bytes === undefined) {
      it(`refuses what Go refuses: ${name} (${error})`, () => {
        expect(() => encodeTarHeader(headerOf(vector))).toThrow(/^archive\/tar: cannot encode header: /);
      });
    } else {
      it(`writes what Go writes: ${name}`, () => {
        expect(encodeTarHeader(headerOf(vector)).toString('latin1')).toBe(unpacked(bytes).toString('latin1'));
      });
    }
  }

  it('refuses records that no reader would take', () => {
    const pax = new Map([['SCHILY.xattr.user.a', 'v'.repeat(1 << 20)]]);
    const header: NewTarHeader = {
      type: '0',
      name: 'a',
      size: 0,
      mode: 0,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      pax,
      format: 'pax',
    };
    expect(() => encodeTarHeader(header)).toThrow('header field too long');
  });
});

describe('tarPadding', () => {
  it('fills up to the next block', () => {
    expect([0, 1, 511, 512, 513].map(tarPadding)).toEqual([0, 511, 1, 0, 511]);
  });
});

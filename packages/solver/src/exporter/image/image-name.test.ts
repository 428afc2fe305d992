import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { familiarName, fullName, ociReferenceName, parseImageName, tagged } from './image-name.ts';

interface Vector {
  readonly In: string;
  readonly Full: string;
  readonly Familiar: string;
  readonly Error: string;
}

/** Made by `testdata/image-names.go.txt` with distribution/reference 0.6.0. */
const vectors: readonly Vector[] = JSON.parse(
  fs.readFileSync(new URL('./testdata/image-names.json', import.meta.url), 'utf8'),
);

describe('image names', () => {
  it.each(vectors.filter((vector) => vector.Error === ''))('reads $In as $Full', ({ In, Full, Familiar }) => {
    const name = tagged(parseImageName(In));
    expect(fullName(name)).toBe(Full);
    expect(familiarName(name)).toBe(Familiar);
  });

  it.each(vectors.filter((vector) => vector.Error !== ''))(
    'refuses $In: $Error',
    ({ In, Error: message }) => {
      expect(() => parseImageName(In)).toThrow(expect.objectContaining({ code: 'request', message }));
    },
  );

  it('knows what OCI calls the reference name', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const of = (text: string) => ociReferenceName(tagged(parseImageName(text)));
    expect([of('a'), of('a:1'), of(`a:1@${digest}`), of(`a@${digest}`)]).toEqual([
      'latest',
      '1',
      `1@${digest}`,
      `docker.io/library/a@${digest}`,
    ]);
  });
});

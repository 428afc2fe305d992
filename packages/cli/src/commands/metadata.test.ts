import { expect, it } from 'vitest';
import { metadataJson } from './metadata.ts';

it('writes metadata as buildctl does: JSON objects in base64 become objects', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(
    JSON.parse(
      metadataJson({
        'containerimage.digest': 'sha256:aa',
        'containerimage.descriptor': base64('{"size":3}'),
        list: base64('[1]'),
        empty: base64('{}'),
        text: 'abcd',
      }),
    ),
  ).toEqual({
    'containerimage.descriptor': { size: 3 },
    'containerimage.digest': 'sha256:aa',
    empty: base64('{}'),
    list: base64('[1]'),
    text: 'abcd',
  });
});

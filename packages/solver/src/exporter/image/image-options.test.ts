import type { Output } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { checkImageNames, imageOptions } from './image-options.ts';

const check = (attrs: Record<string, string>, type: Output['type'] = 'oci') =>
  checkImageNames(type, imageOptions(type, attrs));

describe('imageOptions', () => {
  it('has BuildKit’s defaults', () => {
    expect(imageOptions('oci', {})).toEqual({
      name: '',
      ociTypes: true,
      compression: 'gzip',
      force: false,
      rewriteTimestamp: false,
      preferNondistributable: false,
      annotations: { index: [], indexDescriptor: [], manifest: [], manifestDescriptor: [] },
      tar: true,
      push: false,
      pushByDigest: false,
      insecure: false,
      metadata: {},
    });
  });

  it('reads every attribute', () => {
    expect(
      imageOptions('image', {
        name: 'a,b',
        'oci-mediatypes': 'F',
        compression: 'zstd',
        'compression-level': '22',
        'force-compression': '',
        'source-date-epoch': '7',
        'rewrite-timestamp': '1',
        'prefer-nondist-layers': 'true',
        push: '',
        'push-by-digest': 'false',
        'registry.insecure': 't',
        'dangling-name-prefix': 'p',
        'containerimage.config': '{}',
        'annotation.k': 'v',
      }),
    ).toMatchObject({
      name: 'a,b',
      ociTypes: false,
      compression: 'zstd',
      level: 22,
      force: true,
      epoch: 7n,
      rewriteTimestamp: true,
      preferNondistributable: true,
      push: true,
      pushByDigest: false,
      insecure: true,
      dangling: { prefix: 'p', emptyOnly: false },
      annotations: { manifest: [{ key: 'k', value: 'v' }] },
      metadata: { 'containerimage.config': '{}' },
    });
  });

  it('parts annotations by where they stand, and by normalised platform', () => {
    const { annotations } = imageOptions('oci', {
      'annotation.a.b': '1',
      'annotation-manifest[linux/arm64/v8].c': '2',
      'annotation-index.d': '3',
      'annotation-index-descriptor.e': '4',
      'annotation-manifest-descriptor.f': '5',
    });
    expect(annotations).toEqual({
      manifest: [
        { key: 'a.b', value: '1' },
        { key: 'c', value: '2', platform: { os: 'linux', architecture: 'arm64' } },
      ],
      index: [{ key: 'd', value: '3' }],
      indexDescriptor: [{ key: 'e', value: '4' }],
      manifestDescriptor: [{ key: 'f', value: '5' }],
    });
  });

  it.each([
    [{ compression: 'lzma' }, 'unsupported compression type lzma'],
    [{ compression: 'estargz' }, 'compression=estargz is not supported here'],
    [
      { compression: 'estargz', 'oci-mediatypes': 'false' },
      'exporter option "compression=estargz" conflicts with "oci-mediatypes=false"',
    ],
    [
      { 'oci-artifact': 'true', 'oci-mediatypes': 'false' },
      'exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false"',
    ],
    [
      { 'annotation-manifest-descriptor.a': 'b', 'oci-mediatypes': 'false' },
      'cannot export annotations with "oci-mediatypes=false"',
    ],
    [{ 'annotation-elsewhere.a': 'b' }, 'unrecognized annotation type elsewhere'],
    [{ 'compression-level': '10' }, 'gzip: invalid compression level: 10'],
    [
      { 'compression-level': 'x' },
      'non-integer value x specified for compression-level: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      { 'force-compression': 'x' },
      'non-bool value x specified for force-compression: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    [{ tar: 'x' }, 'non-bool value specified for tar: strconv.ParseBool: parsing "x": invalid syntax'],
    [
      { 'rewrite-timestamp': '' },
      'non-bool value specified for rewrite-timestamp: strconv.ParseBool: parsing "": invalid syntax',
    ],
  ])('refuses %j in BuildKit’s words', (attrs, message) => {
    expect(() => imageOptions('oci', attrs)).toThrow(expect.objectContaining({ code: 'request', message }));
  });
});

describe('checkImageNames', () => {
  it('looks at names before anything is built', () => {
    expect(() => check({ name: 'a,b:1,*c' })).toThrow('failed to parse *c: invalid reference format');
    expect(() => check({ name: 'a/B', push: 'true' }, 'image')).toThrow('failed to push a/B: ');
    expect(() => check({ push: 'true' }, 'image')).toThrow('a name is needed to push an image');
    expect(() => check({ name: '*' })).not.toThrow();
  });
});

import { describe, expect, it } from 'vitest';
import { pinSource } from './pin-source.ts';
import { wantedSource } from './wanted-source.ts';

const commit = 'b'.repeat(40);
const digest = `sha256:${'a'.repeat(64)}`;
const git = 'git://github.com/a/b.git';
const fullurl = 'https://user:secret@github.com/a/b.git';

describe('what a lock has to say', () => {
  it.each([
    ['docker-image://docker.io/library/alpine:3', {}, 'image', 'docker.io/library/alpine:3'],
    [`${git}#main`, { 'git.fullurl': fullurl }, 'git', 'https://github.com/a/b.git#main'],
    [`${git}#main:sub/x`, { 'git.fullurl': fullurl }, 'git', 'https://github.com/a/b.git#main'],
    [git, {}, 'git', git],
    [`${git}#:sub`, { 'git.fullurl': 'git@github.com:a/b.git' }, 'git', 'git@github.com:a/b.git'],
    [`${git}#v1`, { 'git.checksum': 'abc' }, 'git', `${git}#v1 (abc…)`],
    ['https://user:secret@x/y?z', {}, 'http', 'https://x/y?z'],
    ['https://x/y', { 'HTTP.Header.Accept': 'a/b' }, 'http', 'https://x/y (accept: a/b)'],
  ])('%s', (identifier, attrs, kind, name) => {
    expect(wantedSource({ identifier, attrs: attrs as Record<string, string> })).toEqual({ kind, name });
  });

  it.each([
    ['local://src', {}],
    [`oci-layout://x@${digest}`, {}],
    [`docker-image+blob://x/y@${digest}`, {}],
    [`docker-image://x/y:z@${digest}`, {}],
    ['docker-image://x/y:z', { 'image.checksum': digest }],
    [`${git}#${commit}`, {}],
    [`${git}#main`, { 'git.checksum': commit }],
    ['https://x/y', { 'http.checksum': digest }],
  ])('nothing of %s', (identifier, attrs) => {
    expect(wantedSource({ identifier, attrs: attrs as Record<string, string> })).toEqual({ kind: 'fixed' });
  });

  it('what is not known', () => {
    expect(wantedSource({ identifier: 'ftp://x', attrs: {} })).toEqual({ kind: 'unknown' });
    expect(wantedSource({ identifier: 'nothing', attrs: {} })).toEqual({ kind: 'unknown' });
  });
});

describe('a pinned source', () => {
  it('has a digest behind its tag', () => {
    const identifier = 'docker-image://x/y:z';
    const attrs = { 'image.layerlimit': '1' };
    expect(pinSource({ identifier, attrs }, { kind: 'image', digest })).toEqual({
      op: { identifier: `${identifier}@${digest}`, attrs },
      caps: [],
    });
  });

  it('has the commit for a ref; where .git is kept the ref stays and must name it', () => {
    const attrs = { 'git.checksum': 'abc', 'git.mtime': 'commit' };
    expect(pinSource({ identifier: `${git}#v1:sub`, attrs }, { kind: 'git', commit })).toEqual({
      op: { identifier: `${git}#${commit}:sub`, attrs: { 'git.mtime': 'commit' } },
      caps: [],
    });
    const kept = { 'git.keepgitdir': 'true' };
    expect(pinSource({ identifier: git, attrs: kept }, { kind: 'git', commit })).toEqual({
      op: { identifier: git, attrs: { ...kept, 'git.checksum': commit } },
      caps: ['source.git.checksum'],
    });
    const signed = { 'git.sig.pubkey': 'key', 'git.sig.requiresignedtag': 'true' };
    expect(pinSource({ identifier: `${git}#v1`, attrs: signed }, { kind: 'git', commit }).op).toEqual({
      identifier: `${git}#v1`,
      attrs: { ...signed, 'git.checksum': commit },
    });
  });

  it('has a checksum and the name that the server said, unless the build names it', () => {
    const pin = { kind: 'http', checksum: digest, filename: 'said' } as const;
    const named = { 'http.filename': 'own' };
    expect(pinSource({ identifier: 'https://x', attrs: {} }, pin).op.attrs).toEqual({
      'http.checksum': digest,
      'http.filename': 'said',
    });
    expect(pinSource({ identifier: 'https://x', attrs: named }, pin)).toEqual({
      op: { identifier: 'https://x', attrs: { 'http.checksum': digest, 'http.filename': 'own' } },
      caps: ['source.http.checksum'],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { parseGitUrl, remoteOf } from './git-url.ts';

describe('parseGitUrl', () => {
  it.each([
    ['example.com/a/b.git#main:sub/dir', 'https://example.com/a/b.git', 'main', 'sub/dir'],
    ['HTTPS://example.com/a#v1', 'https://example.com/a', 'v1', ''],
    ['ssh://git@example.com:22/a/b', 'ssh://git@example.com:22/a/b', '', ''],
    ['git@example.com:a/b.git#ref:x/../y', 'git@example.com:a/b.git', 'ref', 'y'],
    ['git://example.com/a?x=1#:sub', 'git://example.com/a', '', 'sub'],
    ['https://u:p@example.com/a%20b', 'https://u:p@example.com/a%20b', '', ''],
  ])('%s', (text, remote, ref, subdir) => {
    expect(parseGitUrl(text)).toMatchObject({ remote, ref, subdir });
  });

  it.each(['ftp://example.com/a', 'file:///etc'])('%s is none', (text) => {
    expect(parseGitUrl(text)).toBeUndefined();
  });
});

describe('remoteOf', () => {
  const remote = (identifier: string, full: string) => remoteOf(parseGitUrl(identifier)!, full);

  it.each([
    ['example.com/a/b.git', 'http://example.com/a/b', 'http://example.com/a/b.git'],
    ['example.com/a/b', 'https://user:pw@EXAMPLE.com/a/b.git', 'https://user:pw@EXAMPLE.com/a/b'],
    ['example.com/a/b.git', 'git@example.com:a/b.git', 'git@example.com:a/b.git'],
    ['example.com/a/b.git', 'ssh://git@example.com/a/b.git', 'ssh://git@example.com/a/b.git'],
  ])('%s with %s', (identifier, full, expected) => {
    expect(remote(identifier, full)).toBe(expected);
  });

  it.each([
    ['example.com/a/b', 'https://evil.example/a/b', 'git.fullurl does not match source identifier'],
    ['example.com/a/b', 'https://example.com/other', 'git.fullurl does not match source identifier'],
    ['example.com/a/b', 'file:///etc', 'failed to parse git.fullurl'],
  ])('%s with %s fails', (identifier, full, message) => {
    expect(() => remote(identifier, full)).toThrow(message);
  });
});

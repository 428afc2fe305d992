import { describe, expect, it } from 'vitest';
import { parseReference } from './reference.ts';

const hex = 'a'.repeat(64);

describe('parseReference', () => {
  it.each([
    ['docker.io/library/alpine:3.20', 'docker.io/library/alpine', '3.20', '', 'docker.io', 'library/alpine'],
    ['127.0.0.1:5000/x/y:latest', '127.0.0.1:5000/x/y', 'latest', '', '127.0.0.1:5000', 'x/y'],
    [`h/x@sha256:${hex}`, 'h/x', `@sha256:${hex}`, `sha256:${hex}`, 'h', 'x'],
    [`h/x:1@sha256:${hex}`, 'h/x', `1@sha256:${hex}`, `sha256:${hex}`, 'h', 'x'],
    ['[::1]:5000/x:1', '[::1]:5000/x', '1', '', '[::1]:5000', 'x'],
    ['h//a/./b:1', 'h/a/b', '1', '', 'h', 'a/b'],
  ])('%s', (text, locator, object, digest, hostname, repository) => {
    expect(parseReference(text)).toMatchObject({ locator, object, digest, hostname, repository });
  });

  it('writes itself back', () => {
    for (const text of ['h/x:1', `h/x@sha256:${hex}`, `h/x:1@sha256:${hex}`]) {
      expect(parseReference(text).text).toBe(text);
    }
  });

  it.each([
    ['https://h/x:1', 'invalid reference'],
    ['h/a/../../evil/x:1', 'invalid reference'],
    ['h/x', 'object required'],
    ['/x:1', 'hostname required'],
    ['alpine:3.20', 'parse "dummy://alpine:3.20": invalid port ":3.20" after host'],
    ['h/%zz:1', 'parse "dummy://h/%zz:1": invalid URL escape'],
  ])('%s fails: %s', (text, message) => {
    expect(() => parseReference(text)).toThrow(message);
  });
});

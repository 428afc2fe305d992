import { describe, expect, it } from 'vitest';
import { bytesOf } from '../name/bytes.ts';
import { matchPath } from './glob-match.ts';

describe('matchPath', () => {
  it.each<[string, string, boolean | undefined]>([
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*', 'a/b', false],
    ['*', '.hidden', true],
    ['*c', 'abc', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'abc/b', true],
    ['a*b*c*d*e*', 'axbxcxdxe', true],
    ['a*b*c*d*e*', 'axbxcxdxexxx', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
    ['**', 'a/b', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['?', '世', true],
    ['??', '世', false],
    ['[a-c]', 'b', true],
    ['[^a-c]', 'b', false],
    ['[^a]', '/', true],
    ['[é-世]', 'ü', true],
    ['[\\]a]', ']', true],
    ['[-]', '-', undefined],
    ['[x-]', 'x', undefined],
    ['[]a]', 'a', undefined],
    ['[a', 'a', undefined],
    ['[', 'a', undefined],
    ['a[', 'b', undefined],
    ['\\', 'a', undefined],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a{b,c}', 'ab', false],
    ['', '', true],
    ['', 'a', false],
    ['*x', 'xxx', true],
    // The part after a star is not parsed when the part before it does not match.
    ['a*[', 'b', false],
    ['a*[', 'ab', undefined],
  ])('%j on %j: %s', (pattern, name, expected) => {
    expect(matchPath(bytesOf(pattern), bytesOf(name))).toBe(expected);
  });

  it('counts a byte that is not UTF-8 as one character', () => {
    expect(matchPath('?', '\xff')).toBe(true);
    expect(matchPath('?', '\xe4\xb8')).toBe(false);
    expect(matchPath('??', '\xe4\xb8')).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { bytesOf } from '../name/bytes.ts';
import { type MatchInfo, PatternMatcher } from './ignore-patterns.ts';

const matches = (patterns: readonly string[], path: string) =>
  new PatternMatcher(patterns).match(bytesOf(path)).matched;

describe('PatternMatcher', () => {
  it.each<[string, string, boolean]>([
    ['a', 'a', true],
    ['a', 'a/b/c', true],
    ['a/b', 'a', false],
    ['./a/', 'a', true],
    ['a//b/../c', 'a/c', true],
    ['/a', 'a', false],
    ['*', 'a/b', true],
    ['*.txt', 'a/b.txt', false],
    ['**/*.txt', 'a/b.txt', true],
    ['**/*.txt', 'b.txt', true],
    ['**.txt', 'a/b.txt', true],
    ['**', 'a/b', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b/c', true],
    ['a**', 'ab/c', true],
    ['**/b', 'a/b', true],
    ['**/b', 'ab', false],
    ['a/**/c', 'a/c', true],
    ['a/**/c', 'a/b/b/c', true],
    ['a/*/c', 'a/b/b/c', false],
    ['a?c', 'abc', true],
    ['?.txt', 'é.txt', true],
    ['[a-c].txt', 'b.txt', true],
    ['[^a].txt', 'a.txt', false],
    ['a.c', 'abc', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['  a  ', 'a', true],
    ['.*', '.a', true],
    // Patterns become regular expressions of Go, and not everything in them is escaped.
    ['*\\d', 'a1', true],
    ['[[:digit:]]*', '1a', true],
    ['a*|b', 'xxb', true],
    ['a{2}?', 'aax', true],
    ['[*]', '^^]', true],
    ['[]', '', false],
  ])('%j on %j: %s', (pattern, path, expected) => {
    if (pattern === '[]') expect(() => matches([pattern], path)).toThrow('syntax error in pattern');
    else expect(matches([pattern], path)).toBe(expected);
  });

  it('lets the last word win', () => {
    expect(matches(['a', '!a/b'], 'a/b')).toBe(false);
    expect(matches(['a', '!a/b'], 'a/b/c')).toBe(false);
    expect(matches(['a', '!a/b', 'a/b/c'], 'a/b/c')).toBe(true);
    expect(matches(['!a', 'a'], 'a')).toBe(true);
    expect(matches(['**', '!*.md'], 'x.md')).toBe(false);
  });

  it('knows exceptions', () => {
    expect(new PatternMatcher(['a', '', ' ']).hasExceptions).toBe(false);
    expect(new PatternMatcher(['a', '!b']).hasExceptions).toBe(true);
    expect(() => new PatternMatcher(['!'])).toThrow('illegal exclusion pattern: "!"');
  });

  it('gives the same answer step by step as at once', () => {
    const lists = [['a/b'], ['a', '!a/b'], ['**/c', '!a/b'], ['!a', 'a/*', '!**/c']];
    for (const list of lists) {
      const matcher = new PatternMatcher(list);
      for (const path of ['a', 'a/c', 'a/d', 'b/c', 'a/d/c']) {
        let info: MatchInfo | undefined;
        let matched = false;
        const parts = path.split('/');
        for (let i = 1; i <= parts.length; i++) {
          ({ matched, info } = matcher.match(parts.slice(0, i).join('/'), info));
        }
        expect([list, path, matched]).toEqual([list, path, matcher.match(path).matched]);
      }
    }
  });

  it('forgets an exception that a parent matched while nothing else had matched', () => {
    const matcher = new PatternMatcher(['**/c', '!a/d']);
    expect(matcher.match('a/d/c').matched).toBe(false);
    expect(matcher.match('a/d/c', matcher.match('a/d', matcher.match('a').info).info).matched).toBe(true);
  });

  it.each(['[', 'a[', '[a-]', '\\'])('refuses %j', (pattern) => {
    expect(() => new PatternMatcher([pattern])).toThrow('syntax error in pattern');
  });

  it('refuses what cannot be compiled only when it is tried', () => {
    const matcher = new PatternMatcher(['x*\\q']);
    expect(() => matcher.match('a')).toThrow('syntax error in pattern');
    expect(() => new PatternMatcher(['!x*\\q']).match('a')).not.toThrow();
  });
});

it('takes linear time for patterns that make a backtracking matcher try every split', () => {
  const pattern = `${'**/'.repeat(24)}x`;
  expect(matches([pattern], `${'a/'.repeat(400)}y`)).toBe(false);
  expect(matches([pattern], `${'a/'.repeat(400)}x`)).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { splitFields, splitPairs } from './csv.ts';

describe('comma-separated fields', () => {
  it.each([
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['type=tar,"dest=a, ""b"".tar"', ['type=tar', 'dest=a, "b".tar']],
    ['""', ['']],
    ['a\n', ['a']],
    ['"a"\r\n', ['a']],
  ])('splits %j as Go does', (text, fields) => {
    expect(splitFields(text, '--output')).toEqual(fields);
  });

  it.each([
    ['', 'is empty'],
    ['a"b', 'a quote in the middle of a field'],
    ['"a', 'a quote that does not end'],
    ['"a"b', 'text after the end of a quoted field'],
  ])('refuses %j', (text, message) => {
    expect(() => splitFields(text, '--output')).toThrow(message);
  });

  it('splits pairs at the first equals sign and lower-cases keys', () => {
    expect(splitPairs('Type=tar,dest=a=b', '--output')).toEqual([
      ['type', 'tar'],
      ['dest', 'a=b'],
    ]);
    expect(() => splitPairs('tar', '--output')).toThrow('"tar" is not key=value');
  });
});

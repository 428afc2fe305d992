import { describe, expect, it } from 'vitest';
import { safeFileName } from './file-name.ts';

describe('safeFileName', () => {
  it.each([
    ['foo.txt', 'foo.txt'],
    ['資料.txt', '資料.txt'],
    ['  name with spaces.txt  ', 'name with spaces.txt'],
    ['a/b/c.txt', 'c.txt'],
    ['a/b/', 'b'],
    ['..\\', '..\\'],
    ['', 'download'],
    ['/', 'download'],
    ['.', 'download'],
    ['..', 'download'],
    ['../', 'download'],
    ['a\0b', 'download'],
    ['a\nb', 'download'],
  ])('%j → %j', (text, name) => {
    expect(safeFileName(text)).toBe(name);
  });
});

import { describe, expect, it } from 'vitest';
import { parseModeChange } from './chmod.ts';

describe('parseModeChange', () => {
  it.each<[string, number, number, 'dir'?]>([
    ['644', 0o777, 0o644],
    ['07421', 0, 0o7421],
    ['0', 0o7777, 0],
    ['go-w', 0o777, 0o755],
    ['u=rwx,go=rx', 0, 0o755],
    ['u=rwx,go=u-w', 0, 0o755],
    ['a=r,ug=rw,u+x', 0o777, 0o764],
    ['=', 0o777, 0],
    ['+', 0o421, 0o421],
    ['=rw', 0o1777, 0o1666],
    ['u=', 0o4777, 0o077],
    ['+x', 0o644, 0o755],
    ['u+X', 0o600, 0o600],
    ['u+X', 0o601, 0o701],
    ['u+X', 0o600, 0o700, 'dir'],
    ['a=rX', 0o100, 0o555],
    ['go-X', 0o777, 0o766],
    ['u+s,g+s', 0o755, 0o6755],
    ['o+s', 0o755, 0o755],
    ['+t', 0o755, 0o1755],
    ['o+t', 0o755, 0o755],
    // With the sticky bit and no class, nothing else is meant.
    ['+rt', 0, 0o1000],
    ['u=g', 0o742, 0o442],
    ['u=g-w', 0o762, 0o462],
    ['u+go', 0o021, 0o321],
    ['-u', 0o110, 0],
    ['u=gr', 0o020, 0o420],
    ['g-s,u+og', 0o2124, 0o724],
    ['u+r-w', 0o200, 0o400],
  ])('%s on %o', (text, mode, expected, type) => {
    expect(parseModeChange(text)(mode, type === 'dir').toString(8)).toBe(expected.toString(8));
  });

  it.each(['', ',', 'u', 'go', 'z', 'q+r', 'u+x,', 'u+rz', '017777', '10000', 'u+x go'])(
    'refuses %j',
    (text) => {
      expect(() => parseModeChange(text)).toThrow('invalid syntax');
    },
  );

  it('refuses numbers as Go does', () => {
    expect(() => parseModeChange('9')).toThrow('strconv.ParseInt: parsing "9": invalid syntax');
    expect(() => parseModeChange('77777777')).toThrow(
      'strconv.ParseInt: parsing "77777777": value out of range',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { epochText, isAfter, respelled, timeText } from './go-time.ts';

describe('times as Go writes them', () => {
  it('has as many digits as it takes', () => {
    expect([0, 1_500, 1_234_567, 1_000_000_000_120].map(timeText)).toEqual([
      '1970-01-01T00:00:00Z',
      '1970-01-01T00:00:01.5Z',
      '1970-01-01T00:20:34.567Z',
      '2001-09-09T01:46:40.12Z',
    ]);
    expect(epochText(-1n)).toBe('1969-12-31T23:59:59Z');
  });

  it('has no text for years beyond four digits', () => {
    expect(() => epochText(253_402_300_800n)).toThrow('year outside of range [0,9999]');
    expect(() => epochText(9n ** 18n)).toThrow('year outside of range [0,9999]');
  });

  it('spells times of others its own way', () => {
    expect(
      [
        '2020-01-01T00:00:00.120000Z',
        '2020-01-01T00:00:00.000Z',
        '2020-01-01T00:00:00+00:00',
        '2020-01-01T10:00:00.10+02:00',
      ].map(respelled),
    ).toEqual([
      '2020-01-01T00:00:00.12Z',
      '2020-01-01T00:00:00Z',
      '2020-01-01T00:00:00Z',
      '2020-01-01T10:00:00.1+02:00',
    ]);
  });

  it('compares to the nanosecond', () => {
    expect(isAfter('1970-01-01T00:00:10Z', 10n)).toBe(false);
    expect(isAfter('1970-01-01T00:00:10.000000001Z', 10n)).toBe(true);
    expect(isAfter('1970-01-01T02:00:10+02:00', 10n)).toBe(false);
    expect(isAfter('1970-01-01T00:00:11Z', 10n)).toBe(true);
    expect(isAfter('no time', 10n)).toBe(false);
  });
});

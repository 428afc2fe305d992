import { describe, expect, it } from 'vitest';
import { parsePlatforms, platformText } from './platform.ts';

describe('--platform', () => {
  it('takes one or several, in any spelling', () => {
    const read = (...values: string[]) => parsePlatforms(values).map(platformText);
    expect(read()).toEqual([]);
    expect(read('linux/amd64,linux/aarch64', 'linux/arm/7')).toEqual([
      'linux/amd64',
      'linux/arm64',
      'linux/arm/v7',
    ]);
  });

  it.each([
    ['linux/amd46', '--platform linux/amd46: "amd46" is unknown'],
    ['arm64', '--platform arm64: expected OS/ARCHITECTURE'],
    ['', '--platform : expected OS/ARCHITECTURE'],
    ['linux/amd64,', '--platform : expected OS/ARCHITECTURE'],
    ['linux/a/b/c', '--platform linux/a/b/c: expected OS/ARCHITECTURE'],
    ['linux/arm64,linux/arm64/v8', '--platform linux/arm64/v8: linux/arm64 is there twice'],
  ])('refuses %j', (text, message) => {
    expect(() => parsePlatforms([text])).toThrow(message);
  });
});

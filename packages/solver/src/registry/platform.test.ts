import { describe, expect, it } from 'vitest';
import { formatPlatform, normalizePlatform, type OciPlatform, platformMatcher } from './platform.ts';

function linux(text: string): OciPlatform {
  const [architecture = '', variant] = text.split('/');
  return { os: 'linux', architecture, ...(variant !== undefined && { variant }) };
}

function choose(wanted: string, ...offered: string[]): string | undefined {
  const matcher = platformMatcher(linux(wanted));
  return offered
    .filter((one) => matcher.matches(linux(one)))
    .sort((a, b) => matcher.compare(linux(a), linux(b)))[0];
}

describe('platformMatcher', () => {
  it.each([
    ['amd64', ['386', 'amd64'], 'amd64'],
    ['amd64', ['386', 'arm64'], '386'],
    ['amd64/v3', ['amd64', 'amd64/v2', 'amd64/v4'], 'amd64/v2'],
    ['arm/v7', ['arm/v5', 'arm/v6', 'arm64'], 'arm/v6'],
    ['arm', ['arm/v8', 'arm/v7'], 'arm/v7'],
    ['arm64', ['arm/v7', 'arm64/v8'], 'arm64/v8'],
    ['arm64', ['arm/v5', 'amd64'], 'arm/v5'],
    ['arm64/v9', ['arm64/v8.5', 'arm64/v8'], 'arm64/v8.5'],
    ['arm64', ['arm64/v9'], undefined],
    ['s390x', ['amd64', 'arm64'], undefined],
    ['aarch64', ['arm64'], 'arm64'],
  ])('%s from %j', (wanted, offered, chosen) => {
    expect(choose(wanted, ...offered)).toBe(chosen);
  });

  it('wants no feature that the platform lacks, and the most of those it has', () => {
    const wanted = { ...linux('amd64'), 'os.features': ['b', 'a'] };
    const matcher = platformMatcher(wanted);
    const plain = linux('amd64');
    const rich = { ...linux('amd64'), 'os.features': ['a'] };
    expect(matcher.matches({ ...plain, 'os.features': ['c'] })).toBe(false);
    expect(matcher.compare(rich, plain)).toBeLessThan(0);
  });

  it('refuses another system', () => {
    expect(platformMatcher(linux('amd64')).matches({ os: 'windows', architecture: 'amd64' })).toBe(false);
  });
});

describe('normalizePlatform', () => {
  it.each([
    [linux('x86_64'), { os: 'linux', architecture: 'amd64' }],
    [linux('amd64/v1'), { os: 'linux', architecture: 'amd64' }],
    [linux('arm64/v8'), { os: 'linux', architecture: 'arm64' }],
    [linux('armhf'), { os: 'linux', architecture: 'arm', variant: 'v7' }],
    [
      { os: 'macOS', architecture: 'aarch64' },
      { os: 'darwin', architecture: 'arm64' },
    ],
  ])('%j', (given, normal) => {
    expect(normalizePlatform(given)).toEqual(normal);
  });
});

describe('formatPlatform', () => {
  it.each([
    [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64'],
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
    [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' }, 'windows(10.0.1)/amd64'],
    [
      { os: 'windows', architecture: 'amd64', 'os.version': '1+(2)', 'os.features': ['b', 'a', '', 'b'] },
      'windows(1%2B%282%29+a+b)/amd64',
    ],
    [{ os: 'linux', architecture: 'amd64', 'os.features': ['a/%'] }, 'linux(+a%2F%25)/amd64'],
  ])('writes %j as containerd does', (platform, text) => {
    expect(formatPlatform(platform)).toBe(text);
  });
});

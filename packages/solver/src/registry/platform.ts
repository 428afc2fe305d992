/**
 * Chooses the image of an index that suits a platform: containerd's `platforms.Only`, a list of platforms from the best to the
 * least that still runs.
 */
import os from 'node:os';
import type { Platform } from '@llb-ts/pb';

/** A platform as image indexes and configs write it. */
export interface OciPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const NODE_ARCHITECTURES: Readonly<Record<string, OciPlatform>> = {
  x64: { os: '', architecture: 'amd64' },
  ia32: { os: '', architecture: '386' },
  arm: { os: '', architecture: 'arm', variant: 'v7' },
  arm64: { os: '', architecture: 'arm64' },
};

/** The platform of this machine. */
export function hostPlatform(): OciPlatform {
  const known = NODE_ARCHITECTURES[os.arch()] ?? { os: '', architecture: os.arch() };
  return { ...known, os: os.platform() };
}

/** The one spelling of a platform that has several (`platforms.Normalize`). */
export function normalizePlatform(platform: OciPlatform): OciPlatform {
  const { architecture, variant } = normalizeArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? '').toLowerCase(),
  );
  const system = platform.os.toLowerCase();
  return {
    os: system === '' ? os.platform() : system === 'macos' ? 'darwin' : system,
    architecture,
    ...(variant !== '' && { variant }),
    ...(platform['os.version'] && { 'os.version': platform['os.version'] }),
    ...(platform['os.features']?.length && {
      'os.features': [...new Set(platform['os.features'])].sort(),
    }),
  };
}

function normalizeArchitecture(
  architecture: string,
  variant: string,
): { architecture: string; variant: string } {
  switch (architecture) {
    case 'i386':
      return { architecture: '386', variant: '' };
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return { architecture: 'amd64', variant: variant === 'v1' ? '' : variant };
    case 'aarch64':
    case 'arm64':
      if (['8', 'v8', 'v8.0'].includes(variant)) return { architecture: 'arm64', variant: '' };
      if (['9', '9.0', 'v9.0'].includes(variant)) return { architecture: 'arm64', variant: 'v9' };
      return { architecture: 'arm64', variant };
    case 'armhf':
      return { architecture: 'arm', variant: 'v7' };
    case 'armel':
      return { architecture: 'arm', variant: 'v6' };
    case 'arm':
      if (variant === '' || variant === '7') return { architecture, variant: 'v7' };
      return { architecture, variant: /^[568]$/.test(variant) ? `v${variant}` : variant };
    default:
      return { architecture, variant };
  }
}

/** A platform of a definition as images write it, normalised; undefined is this machine's. */
export function ociPlatform(platform: Platform | undefined): OciPlatform {
  if (!platform) return hostPlatform();
  return normalizePlatform({
    os: platform.os,
    architecture: platform.architecture,
    variant: platform.variant,
    'os.version': platform.osVersion,
    'os.features': platform.osFeatures,
  });
}

/** A platform as text, with version and features of its system (`platforms.FormatAll`): `linux/arm/v7`. */
export function formatPlatform(platform: OciPlatform): string {
  const { os: system, architecture, variant } = platform;
  const features = featuresOf(platform).filter((feature) => feature !== '');
  const version = [platform['os.version'] ?? '', ...[...new Set(features)].sort()]
    .map(escapeOption)
    .join('+');
  const name = version === '' ? system : `${system}(${version})`;
  return [name, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

function escapeOption(text: string): string {
  return text.replace(/[%+()/]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Accepts and ranks platforms of images for one wanted platform. */
export interface PlatformMatcher {
  matches(candidate: OciPlatform): boolean;
  /** Negative if `a` suits better than `b`, 0 if neither does. */
  compare(a: OciPlatform, b: OciPlatform): number;
}

export function platformMatcher(wanted: OciPlatform): PlatformMatcher {
  const accepted = acceptable(normalizePlatform(wanted)).map(normalizePlatform);
  const rank = (candidate: OciPlatform): number => {
    const normal = normalizePlatform(candidate);
    const place = accepted.findIndex((one) => fits(one, normal));
    return place < 0 ? accepted.length : place;
  };
  return {
    matches: (candidate) => rank(candidate) < accepted.length,
    compare: (a, b) => rank(a) - rank(b) || featuresOf(b).length - featuresOf(a).length,
  };
}

function fits(accepted: OciPlatform, candidate: OciPlatform): boolean {
  return (
    accepted.os === candidate.os &&
    accepted.architecture === candidate.architecture &&
    (accepted.variant ?? '') === (candidate.variant ?? '') &&
    featuresOf(candidate).every((feature) => featuresOf(accepted).includes(feature))
  );
}

function featuresOf(platform: OciPlatform): readonly string[] {
  return platform['os.features'] ?? [];
}

/** The platform itself and those it can run, best first. */
function acceptable(platform: OciPlatform): OciPlatform[] {
  const { architecture, variant = '', ...system } = platform;
  const of = (name: string, variants: readonly string[]): OciPlatform[] =>
    variants.map((one) => ({ ...system, architecture: name, ...(one !== '' && { variant: one }) }));
  switch (architecture) {
    case 'amd64':
      return [platform, ...of('amd64', downFrom(variant, 1)), ...of('386', [''])];
    case 'arm':
      return [platform, ...of('arm', downFrom(variant, 5))];
    case 'arm64': {
      const own = arm64Variants(variant === '' ? 'v8' : variant);
      if (own.length === 0) return [];
      return [...of('arm64', own), ...of('arm', ['v8', ...downFrom('v8', 5)])];
    }
    default:
      return [platform];
  }
}

/** `v4` down to `v<lowest>`, without the first. */
function downFrom(variant: string, lowest: number): string[] {
  const version = /^v?(\d+)$/.exec(variant)?.[1];
  const variants: string[] = [];
  for (let next = Number(version ?? 0) - 1; next >= lowest; next--) variants.push(`v${next}`);
  return variants;
}

/** Armv9.n includes Armv8.(n+5). */
function arm64Variants(variant: string): string[] {
  const version = /^v([89])(?:\.(\d))?$/.exec(variant);
  if (!version) return [];
  const [major, minor] = [Number(version[1]), Number(version[2] ?? 0)];
  if (minor > (major === 8 ? 9 : 7)) return [];
  const variants = minorsDown(major, minor);
  return major === 9 ? [...variants, ...minorsDown(8, Math.min(minor + 5, 9))] : variants;
}

function minorsDown(major: number, minor: number): string[] {
  return Array.from({ length: minor + 1 }, (_, i) => (i === minor ? `v${major}` : `v${major}.${minor - i}`));
}

import type { Caller } from '../base/call-site.ts';
import { isRecord, record, show, text, textList } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { suggestion } from '../base/nearest.ts';

/** An operating system and processor, under the names of the OCI image specification. */
export interface PlatformSpec {
  /** Default: the system this program runs on. */
  readonly os?: string;
  readonly architecture: string;
  /** Default: none. */
  readonly variant?: string;
  /** Default: none. */
  readonly osVersion?: string;
  /** Default: none. */
  readonly osFeatures?: readonly string[];
}

/** Platforms that {@link PlatformSpec} knows by name; any `os/architecture[/variant]` is taken. */
export type PlatformText =
  | 'linux/amd64'
  | 'linux/arm64'
  | 'linux/arm/v7'
  | 'linux/arm/v6'
  | 'linux/386'
  | 'linux/ppc64le'
  | 'linux/riscv64'
  | 'linux/s390x'
  | 'windows/amd64'
  | (string & {});

const goNames: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };

function hostOS(): string {
  const name = globalThis.process?.platform ?? 'linux';
  return goNames[name] ?? name;
}

/**
 * One spelling per platform (containerd/platforms `database.go`, docs/buildkit-semantics.md#platforms): `x86_64` is `amd64`.
 * `normalizePlatform({ os: 'linux', architecture: 'arm' })` is linux/arm/v7.
 */
export function normalizePlatform(platform: PlatformSpec): PlatformSpec {
  const os = normalizeOS(platform.os);
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant);
  const { osVersion, osFeatures } = platform;
  return Object.freeze({
    os,
    architecture,
    ...(variant && { variant }),
    ...(osVersion && { osVersion }),
    ...(osFeatures?.length && { osFeatures: Object.freeze([...new Set(osFeatures)].sort()) }),
  });
}

function normalizeOS(os: string | undefined): string {
  if (!os) return hostOS();
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

function normalizeArchitecture(architecture: string, variant = ''): readonly [string, string] {
  const arch = architecture.toLowerCase();
  const v = variant.toLowerCase();
  switch (arch) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', v === 'v1' ? '' : v];
    case 'aarch64':
    case 'arm64':
      if (['8', 'v8', 'v8.0'].includes(v)) return ['arm64', ''];
      return ['arm64', ['9', '9.0', 'v9.0'].includes(v) ? 'v9' : v];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      if (v === '' || v === '7') return ['arm', 'v7'];
      return ['arm', ['5', '6', '8'].includes(v) ? `v${v}` : v];
    default:
      return [arch, v];
  }
}

/** Checks a platform given by a user, as a record or as `os/architecture[/variant]`; a record stays as it is. */
export function checkPlatform(at: Caller, value: unknown): PlatformSpec {
  if (typeof value === 'string') return parsePlatform(at, value);
  if (!isRecord(value)) {
    throw invalid(at, `a platform is a record or text such as "linux/arm64", got ${show(value)}`);
  }
  const names = ['os', 'architecture', 'variant', 'osVersion', 'osFeatures'] as const;
  const { os, architecture, variant, osVersion, osFeatures } = record(at, 'a platform', names, value);
  return Object.freeze({
    ...(os !== undefined && { os: text(at, 'os', os) }),
    architecture: text(at, 'architecture', architecture),
    ...(variant !== undefined && variant !== '' && { variant: text(at, 'variant', variant) }),
    ...(osVersion !== undefined && osVersion !== '' && { osVersion: text(at, 'osVersion', osVersion) }),
    ...(osFeatures !== undefined && { osFeatures: textList(at, 'osFeatures', osFeatures) }),
  });
}

/** Systems and processors that Go knows (containerd/platforms `database.go`). */
const systems =
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  );
const architectures =
  '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'.split(
    ' ',
  );

/** The word of a platform that Go does not know, with those it knows. `unknownWord({ os: 'linux', architecture: 'amd46' })` */
export function unknownWord({
  os = 'linux',
  architecture,
}: PlatformSpec): readonly [word: string, known: readonly string[]] | undefined {
  if (!systems.includes(os)) return [os, systems];
  return architectures.includes(architecture) ? undefined : [architecture, architectures];
}

function parsePlatform(at: Caller, value: string): PlatformSpec {
  const parts = value.split('/');
  if (parts.length < 2 || parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) {
    throw invalid(
      at,
      `${JSON.stringify(value)} is no platform`,
      'write os/architecture, such as "linux/arm64"',
    );
  }
  const [os, architecture, variant] = parts as [string, string, string?];
  const platform = normalizePlatform({ os, architecture, ...(variant && { variant }) });
  const unknown = unknownWord(platform);
  if (!unknown) return platform;
  const hint = `${suggestion(...unknown)}; one that is new is a record: { os, architecture }`;
  throw invalid(at, `${JSON.stringify(value)}: ${JSON.stringify(unknown[0])} is unknown`, hint);
}

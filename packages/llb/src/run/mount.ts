import type { Caller } from '../base/call-site.ts';
import { flag, nonEmpty, oneOf, record, text, whole } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import type { CacheMountSharingMode, Mount, MountContentCache, Output } from '../graph/graph.ts';
import { type Checks, given, type NoOption, settings } from '../graph/option.ts';

/** How a state is mounted into a process. */
export interface MountSettings {
  /** The process cannot write to it. Default: false. */
  readonly readonly?: boolean;
  /** Writes are dropped. Default: false. */
  readonly forceNoOutput?: boolean;
  /** Mounts only this path of the source, a folder or a file. Default: all of it. */
  readonly sourcePath?: string;
  /** A folder of the daemon that stays from build to build, seeded with the source. Default: none. */
  readonly cache?: CacheMount;
  /** A folder in memory; its source must be `Scratch()`. Default: none. */
  readonly tmpfs?: TmpfsInfo;
  /** True if the content of the source, not how it was made, counts for the cache. Default: `'default'`. */
  readonly contentCache?: MountContentCache;
}

/** A folder of the daemon that stays from build to build. */
export interface CacheMount {
  readonly id: string;
  /** Default: `'shared'`. */
  readonly sharing?: CacheMountSharingMode;
}

/** Settings of a tmpfs. */
export interface TmpfsInfo {
  /** Bytes; 0: no limit of its own. Default: 0. */
  readonly size?: number;
}

/** An option of `AddMount`. */
export type MountOption = MountSettings;

/** Options after which a mount leaves nothing to build on. */
export type NoOutputOption =
  | { readonly tmpfs: unknown }
  | { readonly cache: unknown }
  | { readonly forceNoOutput: true };

const tmpfsChecks = {
  size: (at: Caller, _: string, value: unknown) => whole(at, 'the size of a tmpfs', value),
} satisfies Checks<TmpfsInfo>;

const checks = {
  readonly: flag,
  forceNoOutput: flag,
  sourcePath: text,
  cache: (at: Caller, what: string, value: unknown) => {
    const { id, sharing = 'shared' } = record(at, what, ['id', 'sharing'], value);
    return {
      id: nonEmpty(at, 'the cache id', id),
      sharing: oneOf(at, 'sharing', ['shared', 'private', 'locked'], sharing),
    };
  },
  tmpfs: (at: Caller, what: string, value: unknown) => {
    const { size = 0 } = record(at, what, ['size'], value);
    return { size: tmpfsChecks.size(at, what, size) };
  },
  contentCache: (at: Caller, what: string, value: unknown) =>
    oneOf(at, what, ['default', 'on', 'off'] as const, value),
} satisfies Checks<MountSettings>;

/** A mount of `source` at `target`, as `at` was asked for. */
export function makeMount(
  at: Caller,
  target: unknown,
  source: Output | undefined,
  options: readonly unknown[],
): Mount {
  const info = settings(at, { of: 'mount', checks }, options);
  if (info.tmpfs && source) {
    throw invalid(at, 'tmpfs mounts must use scratch', 'mount Scratch() there; a tmpfs begins empty');
  }
  return Object.freeze({
    target: nonEmpty(at, 'the mount target', target),
    source,
    readonly: info.readonly ?? false,
    noOutput: info.forceNoOutput ?? false,
    selector: info.sourcePath ?? '',
    ...(info.cache && { cache: info.cache }),
    ...(info.tmpfs && { tmpfs: info.tmpfs }),
    contentCache: info.contentCache ?? 'default',
  });
}

/** Mounts a state so that the process cannot write to it. `AddMount('/src', Local('src'), Readonly())` */
export function Readonly(): { readonly readonly: true } {
  return { readonly: true };
}

/** Lets the process write to a mount and drops what it wrote. `AddMount('/tmp', Scratch(), ForceNoOutput())` */
export function ForceNoOutput(): { readonly forceNoOutput: true } {
  return { forceNoOutput: true };
}

/** Mounts one path of a state, a folder or a file. `AddMount('/etc/os', base, SourcePath('/etc/os-release'))` */
export function SourcePath(path: string): { readonly sourcePath: string } {
  return given(SourcePath, { sourcePath: path });
}

/**
 * Makes a mount a folder that stays from build to build, shared by all that name the same `id`.
 * `AddMount('/root/.npm', Scratch(), AsPersistentCacheDir('npm', CacheMountLocked))`
 *
 * @param sharing who may use it at a time; default `'shared'`: everybody
 */
export function AsPersistentCacheDir(
  id: string,
  sharing: CacheMountSharingMode = 'shared',
): { readonly cache: CacheMount } {
  return given(AsPersistentCacheDir, { cache: { id, sharing } });
}

/** Makes a mount a folder in memory that is gone afterwards. `AddMount('/tmp', Scratch(), Tmpfs(TmpfsSize(1 << 20)))` */
export function Tmpfs(...options: readonly (TmpfsOption | NoOption)[]): { readonly tmpfs: TmpfsInfo } {
  return { tmpfs: settings(Tmpfs, { of: 'Tmpfs', checks: tmpfsChecks }, options) };
}

/** An option of `Tmpfs`. */
export type TmpfsOption = TmpfsInfo;

/** Bytes that a tmpfs may hold. `Tmpfs(TmpfsSize(64 * 1024 * 1024))` */
export function TmpfsSize(bytes: number): TmpfsInfo {
  return given(TmpfsSize, { size: bytes });
}

/** True if the content of a mount counts for the cache. `AddMount('/src', src, ContentCache(MountContentCacheOn))` */
export function ContentCache(mode: MountContentCache): { readonly contentCache: MountContentCache } {
  return given(ContentCache, { contentCache: mode });
}

/** Everybody may use a cache folder at once; the default. `AsPersistentCacheDir('npm', CacheMountShared)` */
export const CacheMountShared = 'shared';
/** Everybody who uses a cache folder at the same time has one of their own. `AsPersistentCacheDir('npm', CacheMountPrivate)` */
export const CacheMountPrivate = 'private';
/** A second user of a cache folder waits for the first. `AsPersistentCacheDir('apt', CacheMountLocked)` */
export const CacheMountLocked = 'locked';
/** BuildKit decides whether the content of a mount counts for the cache; the default. `ContentCache(MountContentCacheDefault)` */
export const MountContentCacheDefault = 'default';
/** The content of a mount counts for the cache, not how it was made; an error where that is unsafe. `ContentCache(MountContentCacheOn)` */
export const MountContentCacheOn = 'on';
/** How a mount was made counts for the cache, never its content alone. `ContentCache(MountContentCacheOff)` */
export const MountContentCacheOff = 'off';

import type { ImageConfig, SourceLocation } from '@llb-ts/backend';
import type { Definition, Platform } from '@llb-ts/pb';
import type { Place } from '../error/cli-error.ts';

/** A definition, and what is known beside it about what it came from. */
export interface Built {
  readonly definition: Definition;
  readonly imageConfig: ImageConfig | undefined;
  /** Folders that the build file declares for its local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
  /** Where a person finds a location of the definition. */
  placeAt(location: SourceLocation): Place;
  /** Where a person finds what made an op; undefined when the definition does not say. */
  placeOf(digest: string): Place | undefined;
  /** What a lock says of an op's source and what to do when that is no more; undefined for ops that it did not pin. */
  lockHint?(digest: string): string | undefined;
}

/** A build for one of several platforms. */
export interface PlatformBuilt extends Built {
  readonly platform: Platform;
}

/** What FILE and TARGET name: one build, or one for each of several platforms. */
export type BuiltResult =
  | { readonly kind: 'single'; readonly build: Built }
  | { readonly kind: 'platforms'; readonly builds: readonly PlatformBuilt[] };

/** The builds of a result; at least one. */
export function buildsOf(result: BuiltResult): readonly Built[] {
  return result.kind === 'single' ? [result.build] : result.builds;
}

/** The same result of other builds. */
export function mapBuilds(result: BuiltResult, change: (build: Built) => Built): BuiltResult {
  if (result.kind === 'single') return { ...result, build: change(result.build) };
  return {
    ...result,
    builds: result.builds.map((build) => ({ ...change(build), platform: build.platform })),
  };
}

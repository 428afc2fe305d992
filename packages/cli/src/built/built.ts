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
  /**
   * Only of a locked build whose steps make definitions that are built then: makes these and pins their sources too. What
   * it gives has no such steps left.
   */
  pinMade?(read: ReadMade): Promise<Built>;
}

/** Solves a definition whose result is a folder with one file, and reads that file as a definition. */
export type ReadMade = (toSolve: Definition) => Promise<Definition>;

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

/** The same result of other builds, which are made one after the other. */
export async function mapBuilds(
  result: BuiltResult,
  change: (build: Built) => Built | Promise<Built>,
): Promise<BuiltResult> {
  if (result.kind === 'single') return { ...result, build: await change(result.build) };
  const builds: PlatformBuilt[] = [];
  for (const build of result.builds) builds.push({ ...(await change(build)), platform: build.platform });
  return { ...result, builds };
}

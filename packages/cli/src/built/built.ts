import type { ImageConfig, SourceLocation } from '@llb-ts/backend';
import type { Definition, Platform } from '@llb-ts/pb';
import type { Place } from '../error/cli-error.ts';

/** A definition, and what is known beside it about what it came from. */
export interface Built {
  readonly definition: Definition;
  readonly imageConfig: ImageConfig | undefined;
  /** Folders that the build file declares for its local sources: name → absolute path. */
  readonly locals: Readonly<Record<string, string>>;
  /** The place that shows a location of the definition to a user. */
  placeAt(location: SourceLocation): Place;
  /** The place that made an op, for a user; undefined when the definition does not say. */
  placeOf(digest: string): Place | undefined;
  /** The lock's entry for an op's source, and what to do when that is no more; undefined for ops that it did not pin. */
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

/** The builds that FILE and TARGET name: one, or one for each of several platforms. */
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

import type { ImageConfig, SourceLocation } from '@llb-ts/backend';
import type { Definition } from '@llb-ts/pb';
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

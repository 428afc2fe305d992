import type { ImageConfig } from '@llb-ts/backend';
import { formatPlatform, type OciPlatform, ociPlatform } from '../../registry/platform.ts';

/**
 * The result to export: one, or one for each of several platforms, which stay in their order (BuildKit's result with
 * `refs.platforms`). `T` is what a result is to the exporter: a ref, or its tree.
 */
export type ExportResult<T> =
  | { readonly kind: 'single'; readonly content: T; readonly imageConfig?: ImageConfig }
  | { readonly kind: 'platforms'; readonly parts: readonly PlatformPart<T>[] };

export interface PlatformPart<T> {
  /** The platform as text: `linux/arm/v7`. */
  readonly id: string;
  readonly platform: OciPlatform;
  readonly content: T;
  readonly imageConfig?: ImageConfig;
}

/** The contents of a result, in the order of their platforms. */
export function contentsOf<T>(result: ExportResult<T>): readonly T[] {
  return result.kind === 'single' ? [result.content] : result.parts.map(({ content }) => content);
}

/** The same result with other content. */
export function mapResult<T, U>(result: ExportResult<T>, change: (content: T) => U): ExportResult<U> {
  if (result.kind === 'single') return { ...result, content: change(result.content) };
  return { ...result, parts: result.parts.map((part) => ({ ...part, content: change(part.content) })) };
}

/** The platform of a single result: what the build says of it, else this machine's (`exptypes.ParsePlatforms`). */
export function platformIdOf({ imageConfig }: { readonly imageConfig?: ImageConfig }): string {
  return formatPlatform(ociPlatform(imageConfig?.platform));
}

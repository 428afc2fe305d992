import { readImage } from './read-image.ts';

/**
 * Properties that equal images share: equal diff IDs are equal layers, byte for byte. How layers are packed is left
 * out, since compressors differ. Field names are those of the files that expectations are in.
 */
export interface ImageFacts {
  /** Digest of the config. */
  readonly config: string;
  /** Lowest → highest. */
  readonly diff_ids: readonly string[];
  readonly history: readonly unknown[];
  /** How the image is to be run; null where nothing is said. */
  readonly imageConfig: unknown;
  /** In order of their names, each once. */
  readonly layerMediaTypes: readonly string[];
}

export type ImageOutcome = ImageFacts | { readonly error: string };

/** Attributes of an export whose times do not depend on when it is made. */
export const FIXED_TIMES = 'rewrite-timestamp=true,source-date-epoch=1000000000';

export function readImageFacts(archive: string): ImageFacts {
  const { manifest, config } = readImage(archive);
  return {
    config: manifest.config.digest,
    diff_ids: config.rootfs.diff_ids ?? [],
    history: config.history ?? [],
    imageConfig: config.config ?? null,
    layerMediaTypes: [...new Set((manifest.layers ?? []).map(({ mediaType }) => mediaType))].sort(),
  };
}

/** Every way in which `got` is not `want`, one line each; of failures only that both failed. */
export function imageDifferences(want: ImageOutcome, got: ImageOutcome): readonly string[] {
  if ('error' in want)
    return 'error' in got ? [] : [`an image was made, but should fail with: ${want.error}`];
  if ('error' in got) return [`failed: ${got.error}`];
  const fields = ['config', 'diff_ids', 'history', 'imageConfig', 'layerMediaTypes'] as const;
  return fields.flatMap((field) => {
    const [a, b] = [JSON.stringify(want[field]), JSON.stringify(got[field])];
    return a === b ? [] : [`${field}: want ${a}, got ${b}`];
  });
}

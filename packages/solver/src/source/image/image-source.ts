import type { BlobStore } from '../../blob/blob-store.ts';
import type { Ref } from '../../chain/ref.ts';
import { stepFailure } from '../../error/error.ts';
import { type OciPlatform, ociPlatform } from '../../registry/platform.ts';
import { parseReference, type Reference } from '../../registry/reference.ts';
import type { Workbench } from '../../work/operation.ts';
import type { Source, SourceInstance, SourceRequest } from '../contract/source.ts';
import { checkRecordType, parseChecksum, parseLayerLimit, parseResolveMode } from './image-attributes.ts';
import type { ImageLayers } from './image-layers.ts';
import type { ImageOrigin } from './image-origin.ts';
import { type BlobPlaces, type ResolvedImage, resolveImage } from './resolve-image.ts';
import { retryLog } from './retry-log.ts';

export interface ImageSourceOptions {
  readonly blobs: BlobStore;
  readonly places: BlobPlaces;
  readonly imageLayers: ImageLayers;
}

/** `docker-image://`: images of registries (`source/containerimage`). */
export function registryImageSource(
  options: ImageSourceOptions,
  originOf: (reference: Reference) => Promise<ImageOrigin>,
): Source {
  return {
    schemes: ['docker-image'],
    open({ locator, attrs, platform }) {
      const reference = parseReference(locator);
      const limit = attrs['image.layerlimit'];
      const checksum = attrs['image.checksum'];
      parseResolveMode(attrs['image.resolvemode'] ?? '');
      checkRecordType(attrs['image.recordtype'] ?? '');
      return new ImageInstance(options, () => originOf(reference), {
        platform: ociPlatform(platform),
        limit: limit === undefined ? undefined : parseLayerLimit(limit),
        checksum: checksum === undefined ? undefined : parseChecksum(checksum),
      });
    },
  };
}

/** `oci-layout://`: images in layout folders that the request names. */
export function ociLayoutSource(
  options: ImageSourceOptions,
  originOf: (reference: Reference, store: string) => Promise<ImageOrigin>,
): Source {
  return {
    schemes: ['oci-layout'],
    open({ locator, attrs, platform }: SourceRequest) {
      const reference = parseReference(locator);
      const limit = attrs['oci.layerlimit'];
      const store = attrs['oci.store'] || reference.locator;
      return new ImageInstance(options, () => originOf(reference, store), {
        platform: ociPlatform(platform),
        limit: limit === undefined ? undefined : parseLayerLimit(limit),
        checksum: undefined,
      });
    },
  };
}

interface ImageAttributes {
  readonly platform: OciPlatform;
  readonly limit: number | undefined;
  readonly checksum: string | undefined;
}

class ImageInstance implements SourceInstance {
  readonly #options: ImageSourceOptions;
  readonly #openOrigin: () => Promise<ImageOrigin>;
  readonly #attributes: ImageAttributes;
  #ref: Ref | undefined;

  constructor(
    options: ImageSourceOptions,
    openOrigin: () => Promise<ImageOrigin>,
    attributes: ImageAttributes,
  ) {
    this.#options = options;
    this.#openOrigin = openOrigin;
    this.#attributes = attributes;
  }

  async resolve(work: Workbench): Promise<Readonly<Record<string, unknown>>> {
    const origin = await this.#openOrigin();
    const { top, layers } = await this.#resolve(origin, work);
    const { platform, limit } = this.#attributes;
    // Now, not when it is fetched: a result that is known from before may need the layers too.
    this.#ref = this.#options.imageLayers.register(layers.slice(0, limit ?? layers.length), origin, work);
    // Not the diff IDs: they are verified only when layers are unpacked, and must not stand for them before.
    return { kind: 'image', digest: top.digest, platform, ...(limit !== undefined && { limit }) };
  }

  async fetch(): Promise<Ref | undefined> {
    return this.#ref;
  }

  async #resolve(origin: ImageOrigin, work: Workbench): Promise<ResolvedImage> {
    const { blobs, places } = this.#options;
    const { platform, checksum, limit } = this.#attributes;
    const image = await resolveImage(origin, {
      blobs,
      places,
      platform,
      signal: work.signal,
      onRetry: retryLog(work),
    });
    if (checksum !== undefined && image.top.digest !== checksum) {
      throw stepFailure(
        `image digest ${image.top.digest} for ${origin.reference} does not match expected checksum ${checksum}`,
      );
    }
    if (limit !== undefined && limit > image.layers.length) {
      throw stepFailure(
        `layer limit ${limit} is greater than the number of layers in the image ${image.layers.length}`,
      );
    }
    return image;
  }
}

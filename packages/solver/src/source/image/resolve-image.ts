import { createHash } from 'node:crypto';
import { parseBlobDigest } from '../../blob/blob-digest.ts';
import type { BlobStore } from '../../blob/blob-store.ts';
import { stepFailure } from '../../error/error.ts';
import { type Descriptor, isIndexType, isManifestType, MediaType } from '../../registry/descriptor.ts';
import { type OciPlatform, type PlatformMatcher, platformMatcher } from '../../registry/platform.ts';
import { MAX_MANIFEST_SIZE, readAll } from '../../registry/registry-client.ts';
import type { ImageOrigin, OriginFetchOptions } from './image-origin.ts';
import { detectMediaType, type ImageManifest, parseConfig, parseIndex, parseManifest } from './manifests.ts';

/** One layer of an image: the blob, and the digest of the plain tar in it. */
export interface ImageLayer {
  readonly blob: Descriptor;
  readonly diffId: string;
}

/** An image for one platform, as far as it is known without its layers. */
export interface ResolvedImage {
  /** The index or manifest that the reference names. */
  readonly top: Descriptor;
  /** Lowest → highest. */
  readonly layers: readonly ImageLayer[];
  /** The image config, as it stands in the blob. */
  readonly config: Uint8Array;
}

export interface ResolveOptions extends OriginFetchOptions {
  readonly platform: OciPlatform;
  readonly blobs: BlobStore;
  /** Knows which places a blob was read from. */
  readonly places: BlobPlaces;
}

/** The places that each stored blob came from; a blob by itself does not say who may read it. */
export interface BlobPlaces {
  has(digest: string, place: string): boolean;
  add(digest: string, place: string): void;
}

/** A config or manifest in an index can point at the next index; no real image nests deeper than this. */
const MAX_DEPTH = 4;

/** Reads index, manifest and config of an image (`util/pull`), and keeps them as blobs. */
export async function resolveImage(origin: ImageOrigin, options: ResolveOptions): Promise<ResolvedImage> {
  const reader = new DocumentReader(origin, options);
  const top = await reader.top();
  if (top.mediaType === MediaType.dockerSchema1) {
    throw stepFailure(
      'support Docker Image manifest version 2, schema 1 has been removed. More information at https://docs.docker.com/go/deprecated-image-specs/',
    );
  }
  const { manifest, digest } = await chooseManifest(reader, top, platformMatcher(options.platform));
  const config = await reader.read(manifest.config);
  const diffIds = parseConfig(config, manifest.config).rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw stepFailure(
      `mismatched image rootfs and manifest layers: ${diffIds.length} diff IDs, ${manifest.layers.length} layers in ${digest}`,
    );
  }
  return {
    top,
    config,
    layers: manifest.layers.map((blob, i) => {
      parseBlobDigest(blob.digest);
      const diffId = diffIds[i]!;
      parseBlobDigest(diffId);
      return { blob, diffId };
    }),
  };
}

async function chooseManifest(
  reader: DocumentReader,
  top: Descriptor,
  matcher: PlatformMatcher,
): Promise<{ manifest: ImageManifest; digest: string }> {
  let descriptor = top;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const bytes = await reader.read(descriptor);
    if (isManifestType(descriptor.mediaType)) {
      const manifest = parseManifest(bytes, descriptor);
      if (descriptor !== top && !descriptor.platform)
        await checkConfigPlatform(reader, manifest, matcher, top);
      return { manifest, digest: descriptor.digest };
    }
    if (!isIndexType(descriptor.mediaType)) {
      throw stepFailure(`unexpected media type ${descriptor.mediaType} for ${descriptor.digest}: not found`);
    }
    const { manifests } = parseIndex(bytes, descriptor);
    const [best] = manifests
      .filter(({ platform }) => !platform || matcher.matches(platform))
      .sort((a, b) => {
        if (!a.platform || !b.platform) return a.platform ? -1 : b.platform ? 1 : 0;
        return matcher.compare(a.platform, b.platform);
      });
    if (!best) {
      throw stepFailure('no match for platform in manifest: not found', { hint: offeredHint(manifests) });
    }
    descriptor = best;
  }
  throw stepFailure(`index ${top.digest} is nested too deeply`);
}

async function checkConfigPlatform(
  reader: DocumentReader,
  { config }: ImageManifest,
  matcher: PlatformMatcher,
  top: Descriptor,
): Promise<void> {
  const platform = parseConfig(await reader.read(config), config);
  if (!matcher.matches(platform)) {
    throw stepFailure(`no match for platform in manifest ${top.digest}: not found`, {
      hint: `the image is for ${formatPlatform(platform)}`,
    });
  }
}

function offeredHint(manifests: readonly Descriptor[]): string {
  const offered = manifests
    .flatMap(({ platform }) => (platform && platform.os !== 'unknown' ? [formatPlatform(platform)] : []))
    .join(', ');
  return offered === '' ? 'the index lists no image' : `the image exists for ${offered}`;
}

function formatPlatform({ os, architecture, variant }: OciPlatform): string {
  return [os, architecture, variant].filter(Boolean).join('/');
}

/** Reads documents through the blob store, each verified. */
class DocumentReader {
  readonly #origin: ImageOrigin;
  readonly #options: ResolveOptions;

  constructor(origin: ImageOrigin, options: ResolveOptions) {
    this.#origin = origin;
    this.#options = options;
  }

  /** The descriptor that the reference names; no request is made for a digest that was read from there before. */
  async top(): Promise<Descriptor> {
    const { digest, place } = this.#origin;
    const known =
      digest !== '' && this.#options.places.has(digest, place) ? this.#options.blobs.read(digest) : undefined;
    if (known) return { mediaType: detectMediaType(known, digest), digest, size: known.length };
    return this.#origin.resolve(this.#options.signal);
  }

  async read(descriptor: Descriptor): Promise<Uint8Array> {
    const { blobs, places } = this.#options;
    const { digest, size } = descriptor;
    const known = places.has(digest, this.#origin.place) ? blobs.read(digest) : undefined;
    if (known) return known;
    if (size > MAX_MANIFEST_SIZE) throw stepFailure(`rejecting ${size} byte document ${digest}`);
    const bytes = await readAll(this.#origin.fetch(descriptor, this.#options), MAX_MANIFEST_SIZE);
    const { algorithm, hex } = parseBlobDigest(digest);
    const found = createHash(algorithm).update(bytes).digest('hex');
    if (found !== hex || bytes.length !== size) {
      throw stepFailure(
        `unexpected commit digest ${algorithm}:${found} (${bytes.length} bytes), expected ${digest} (${size} bytes): failed precondition`,
      );
    }
    const writer = blobs.writer(digest);
    writer.write(bytes);
    writer.commit({ digest, size });
    places.add(digest, this.#origin.place);
    return bytes;
  }
}

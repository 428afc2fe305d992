import { createHash } from 'node:crypto';
import type { ImageConfig } from '@llb-ts/backend';
import type { FileBlobPlaces } from '../../blob/blob-places.ts';
import type { BlobStore } from '../../blob/blob-store.ts';
import { type LayerPiece, layersOf, type Ref } from '../../chain/ref.ts';
import type { LayerPacks, PackWork } from '../../pack/pack-blobs.ts';
import type { PackedLayer } from '../../pack/pack-variants.ts';
import { type Descriptor, MediaType } from '../../registry/descriptor.ts';
import type { OciPlatform } from '../../registry/platform.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { ExportWork } from '../base/export-work.ts';
import { type GoJson, goJson } from '../base/go-json.ts';
import { oneOff } from '../base/progress.ts';
import { contentsOf, type ExportResult } from '../base/result.ts';
import { annotationsFor } from './annotations.ts';
import { buildImageConfig, type ConfigSource } from './image-config.ts';
import type { ImageOptions } from './image-options.ts';
import { distributable, layerTypeFor } from './media-types.ts';

/** The stores and clients that exporters of images work with. */
export interface ImageServices extends PackWork {
  readonly packs: LayerPacks;
  readonly blobs: BlobStore;
  /** Places in which blobs were found before: a registry that has one need not be sent it. */
  readonly places: FileBlobPlaces;
  readonly registries: RegistryClient;
}

/** A layer of a finished image. */
export interface ImageLayer {
  readonly piece: LayerPiece;
  readonly packed: PackedLayer;
  /** As the manifest has it. */
  readonly descriptor: Descriptor;
}

/** A JSON document with its descriptor. */
export interface ImageDocument {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

/** A finished image: everything but the bytes of its layers, which may still be elsewhere. */
export interface CommittedImage {
  readonly manifest: ImageDocument;
  readonly config: ImageDocument;
  /** Lowest → highest; a layer that is applied twice is there twice. */
  readonly layers: readonly ImageLayer[];
  readonly platform: OciPlatform;
}

/** How many layers are packed at one time: compression uses several threads by itself. */
const PARALLEL = 2;

/** Makes config and manifest of a result, or of each of its platforms, and packs the layers that are not packed yet. */
export async function commitImages(
  result: ExportResult<Ref | undefined>,
  options: ImageOptions,
  services: ImageServices,
  work: ExportWork,
): Promise<readonly CommittedImage[]> {
  const images = contentsOf(result).map((ref) => (ref ? layersOf(ref) : []));
  const packed = await oneOff(work, 'exporting layers', () =>
    packAll(images.flat(), options, services, work),
  );
  const parts = result.kind === 'single' ? [{ imageConfig: result.imageConfig }] : result.parts;
  const committed: CommittedImage[] = [];
  for (const [i, pieces] of images.entries()) {
    const image = commitImage(pieces, packed.splice(0, pieces.length), parts[i]!, options);
    for (const [what, { descriptor }] of [
      ['manifest', image.manifest],
      ['config', image.config],
    ] as const) {
      await oneOff(work, `exporting ${what} ${descriptor.digest}`, async () => {});
    }
    committed.push(image);
  }
  return committed;
}

interface ImagePart {
  readonly imageConfig?: ImageConfig | undefined;
  /** Undefined: the image stands alone. */
  readonly id?: string;
  readonly platform?: OciPlatform;
}

/** `ImageWriter.commitDistributionManifest`. */
function commitImage(
  pieces: readonly LayerPiece[],
  packed: readonly PackedLayer[],
  { imageConfig, id, platform }: ImagePart,
  options: ImageOptions,
): CommittedImage {
  const { ociTypes } = options;
  const config = buildImageConfig(configSource(options.metadata, imageConfig, id, platform), {
    diffIds: packed.map(({ diffId }) => diffId),
    layers: pieces,
    ...(options.epoch !== undefined && { epoch: options.epoch }),
  });
  const configDocument = documentOf(config.bytes, ociTypes ? MediaType.ociConfig : MediaType.dockerConfig);
  const layers = packed.map((layer, i) => ({
    piece: pieces[i]!,
    packed: layer,
    descriptor: layerDescriptor(layer, options),
  }));
  const manifest = documentOf(
    Buffer.from(manifestJson(configDocument, layers, options, platform)),
    ociTypes ? MediaType.ociManifest : MediaType.dockerManifest,
  );
  return { manifest, config: configDocument, layers, platform: platform ?? config.platform };
}

/** An attribute for a platform goes before one for all (`exptypes.ParseKey`). */
function configSource(
  metadata: Readonly<Record<string, string>>,
  imageConfig: ImageConfig | undefined,
  id: string | undefined,
  platform: OciPlatform | undefined,
): ConfigSource {
  const said = (key: string) => (id === undefined ? undefined : metadata[`${key}/${id}`]) || metadata[key];
  const json = said('containerimage.config');
  const baseJson = said('containerimage.base.config');
  return {
    ...(json && { json }),
    ...(baseJson && { baseJson }),
    ...(imageConfig && { imageConfig }),
    ...(platform && { platform }),
  };
}

/** In the order of the pieces. */
async function packAll(
  pieces: readonly LayerPiece[],
  options: ImageOptions,
  services: ImageServices,
  work: ExportWork,
): Promise<PackedLayer[]> {
  const packed: PackedLayer[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < pieces.length; i = next++) {
      packed[i] = await packOne(pieces[i]!, options, services, work);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return packed;
}

async function packOne(
  piece: LayerPiece,
  options: ImageOptions,
  services: ImageServices,
  work: ExportWork,
): Promise<PackedLayer> {
  const { compression, level, force, epoch, rewriteTimestamp } = options;
  const request = { compression, ...(level !== undefined && { level }), force };
  if (!rewriteTimestamp || epoch === undefined) return services.packs.blobOf(piece, request, services);
  try {
    return await services.packs.blobOf(piece, { ...request, epoch }, services);
  } catch (error) {
    // A time that the archive's format cannot say: BuildKit leaves such a layer as it is, too.
    if (!(error instanceof RangeError)) throw error;
    const message = `failed to rewrite layer ${piece.description} to match source-date-epoch ${epoch}: ${error.message}`;
    work.report({ type: 'warning', message });
    return services.packs.blobOf(piece, request, services);
  }
}

function layerDescriptor(layer: PackedLayer, options: ImageOptions): Descriptor {
  const { ociTypes, preferNondistributable } = options;
  const keepAway = preferNondistributable && layer.urls !== undefined;
  const mediaType = distributable(layerTypeFor(layer.mediaType, ociTypes), !keepAway);
  const { rewrittenTo } = layer;
  return {
    mediaType,
    digest: layer.digest,
    size: layer.size,
    ...(keepAway && layer.urls && { urls: layer.urls }),
    ...(ociTypes && rewrittenTo && { annotations: { 'buildkit/rewritten-timestamp': rewrittenTo } }),
  };
}

function manifestJson(
  config: ImageDocument,
  layers: readonly ImageLayer[],
  { annotations, ociTypes }: ImageOptions,
  platform: OciPlatform | undefined,
): string {
  const own = annotationsFor(annotations.manifest, platform);
  const manifest: GoJson = {
    schemaVersion: 2,
    mediaType: ociTypes ? MediaType.ociManifest : MediaType.dockerManifest,
    config: descriptorJson(config.descriptor),
    // A nil slice of Go's.
    layers: layers.length > 0 ? layers.map(({ descriptor }) => descriptorJson(descriptor)) : null,
    annotations: own.size > 0 ? own : undefined,
  };
  return goJson(manifest, '  ');
}

/** A descriptor in the order of its fields in Go. */
export function descriptorJson({ mediaType, digest, size, urls, annotations, platform }: Descriptor): GoJson {
  return {
    mediaType,
    digest,
    size,
    urls,
    annotations: annotations && new Map(Object.entries(annotations)),
    platform: platform && platformJson(platform),
  };
}

function platformJson(platform: OciPlatform): GoJson {
  const { architecture, os, variant } = platform;
  return {
    architecture,
    os,
    'os.version': platform['os.version'],
    'os.features': platform['os.features'],
    variant,
  };
}

export function documentOf(bytes: Buffer, mediaType: string): ImageDocument {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}

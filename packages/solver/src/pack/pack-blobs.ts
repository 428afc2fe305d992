import { createHash } from 'node:crypto';
import { decompress } from '../archive/decompress.ts';
import { paced } from '../archive/paced.ts';
import { rewriteTarTimes } from '../archive/tar-writer-rewrite.ts';
import type { ByteSink } from '../archive/tar-writer-stream.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import type { LayerBlobs } from '../blob/layer-blobs.ts';
import { ghostFailure } from '../chain/applied-merge.ts';
import { layerIdOf } from '../chain/piece.ts';
import { isAppliedTo, type LayerPiece } from '../chain/ref.ts';
import type { Views } from '../chain/views.ts';
import { stepFailure } from '../error/error.ts';
import type { Pacer } from '../host/pacer.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { type PackOptions, packLayer } from './pack.ts';
import { compressInto, LAYER_MEDIA_TYPES, type PackCompression } from './pack-compression.ts';
import { namesTakenForHidden, unchangedNames } from './pack-extras.ts';
import type { PackedLayer, PackVariants } from './pack-variants.ts';

/** In which form a layer is wanted. */
export interface PackRequest {
  /** For layers that have no blob yet. */
  readonly compression: PackCompression;
  /** For what has to be packed. Default: that of the compression. */
  readonly level?: number;
  /** Pack again what is packed otherwise. */
  readonly force: boolean;
  /** No time in it later than this many seconds since 1970; what is packed for this is packed as `compression` says. */
  readonly epoch?: bigint;
}

export interface LayerPacksOptions {
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly layerBlobs: LayerBlobs;
  readonly variants: PackVariants;
}

/** The parts of a solve that packing needs. */
export interface PackWork {
  readonly views: Views;
  readonly pacer: Pacer;
  /** Brings the blob that a ref was pulled as into the store; false if it came from no image. */
  fetchBlob(refId: string): Promise<boolean>;
}

/**
 * Layers as blobs: one layer, one blob (`cache/blobs.go`, `cache/remote.go`). A pulled layer is the blob it came from,
 * byte for byte; any other is packed once. Other forms are made from that blob when they are asked for, and remembered.
 */
export class LayerPacks {
  readonly #options: LayerPacksOptions;
  readonly #running = new Map<string, Promise<PackedLayer>>();

  constructor(options: LayerPacksOptions) {
    this.#options = options;
  }

  /** The blob of one layer; its bytes may still be elsewhere, see {@link LayerPacks.ensure}. */
  async blobOf(piece: LayerPiece, request: PackRequest, work: PackWork): Promise<PackedLayer> {
    const { layerBlobs, variants, blobs } = this.#options;
    const main = layerBlobs.get(piece.id);
    const form = formOf(request, main);
    if (form === undefined)
      return main ?? this.#once(piece, 'main', () => this.#packMain(piece, request, work));
    const known = variants.get(piece.id, form);
    if (known && (await blobs.isSound(known))) return known;
    return this.#once(piece, form, async () => {
      const made = main
        ? await this.#convert(piece, main, request, work)
        : await this.#pack(piece, request, work);
      variants.put(piece.id, form, made);
      return made;
    });
  }

  /**
   * Makes sure that the bytes of a layer's blob are in the blob store, and right. Fails where they are lost and cannot be made
   * again to the byte; the layer gets another blob then, so that the next try succeeds.
   */
  async ensure(piece: LayerPiece, layer: PackedLayer, work: PackWork): Promise<void> {
    const { blobs, layerBlobs } = this.#options;
    if (await blobs.isSound(layer)) return;
    if ((await work.fetchBlob(piece.id)) && (await blobs.isSound(layer))) return;
    const compression = compressionOf(layer.mediaType);
    const { level } = layer;
    const again = await this.#pack(
      piece,
      { compression, ...(level !== undefined && { level }), force: false },
      work,
    );
    if (again.digest === layer.digest) return;
    layerBlobs.replace(piece.id, again);
    throw stepFailure(
      `blob ${layer.digest} of a layer is lost, and packing the layer again gave ${again.digest}`,
      { hint: 'solve again: the layer has its new blob now' },
    );
  }

  async #packMain(piece: LayerPiece, request: PackRequest, work: PackWork): Promise<PackedLayer> {
    const made = await this.#pack(piece, request, work);
    this.#options.layerBlobs.put(piece.id, made);
    return made;
  }

  async #pack(piece: LayerPiece, request: PackRequest, work: PackWork): Promise<PackedLayer> {
    await work.views.preparePiece(piece, work.pacer);
    const { layers } = this.#options;
    const { ghost } = layers.record(layerIdOf(piece));
    if (ghost !== undefined)
      throw ghostFailure('write compressed diff: failed to create diff tar stream', ghost);
    const folder = layers.path(layerIdOf(piece), 'movable');
    const known = await this.#knownOf(piece, work);
    const latestNs = request.epoch === undefined ? undefined : request.epoch * 1_000_000_000n;
    return this.#write(request, (sink) =>
      packLayer(folder, sink, { ...known, ...(latestNs !== undefined && { latestNs }) }, work.pacer),
    );
  }

  /** The options of packing that depend on the trees that the layer was made from. */
  async #knownOf(
    piece: LayerPiece,
    { views, pacer }: PackWork,
  ): Promise<Pick<PackOptions, 'written' | 'extras'>> {
    const { layers } = this.#options;
    const id = layerIdOf(piece);
    if (piece.kind === 'diff') {
      await views.prepare(piece.upper, pacer);
      const written = views.treeOf(piece.upper);
      if (piece.upper && isAppliedTo(piece.lower, piece.upper)) return { written };
      return { written, extras: await unchangedNames(layers.path(id, 'own'), written, pacer) };
    }
    const written = new FolderTree(layers.path(id, 'own'), { isFixed: true });
    if (!layers.record(id).hasMovable || !piece.parent) return { written };
    await views.prepare(piece.parent, pacer);
    return { written, extras: await namesTakenForHidden(layers, id, views.treeOf(piece.parent), pacer) };
  }

  async #convert(
    piece: LayerPiece,
    main: PackedLayer,
    request: PackRequest,
    work: PackWork,
  ): Promise<PackedLayer> {
    await this.ensure(piece, main, work);
    const { stream } = await decompress(this.#options.blobs.stream(main.digest));
    const tar = paced(stream, work.pacer);
    return this.#write(request, async (sink) => {
      if (request.epoch === undefined) for await (const chunk of tar) await sink.write(chunk);
      else await rewriteTarTimes(tar, sink, request.epoch * 1_000_000_000n);
    });
  }

  /** Writes a blob: hashes what comes in, packs it, and keeps what comes out. */
  async #write(request: PackRequest, produce: (sink: ByteSink) => Promise<void>): Promise<PackedLayer> {
    const writer = this.#options.blobs.writer();
    const hash = createHash('sha256');
    try {
      const packed = compressInto((chunk) => writer.write(chunk), request.compression, request.level);
      await produce({
        async write(chunk) {
          hash.update(chunk);
          await packed.write(chunk);
        },
      });
      await packed.end();
      await writer.sync();
      const { size } = writer;
      return {
        digest: writer.commit(),
        size,
        mediaType: LAYER_MEDIA_TYPES[request.compression],
        diffId: `sha256:${hash.digest('hex')}`,
        ...(request.level !== undefined && { level: request.level }),
        ...(request.epoch !== undefined && { rewrittenTo: String(request.epoch) }),
      };
    } finally {
      writer.abort();
    }
  }

  /** Of several that want one form of one layer, one makes it; should that one be stopped, the next one does. */
  async #once(piece: LayerPiece, form: string, make: () => Promise<PackedLayer>): Promise<PackedLayer> {
    const key = `${piece.id} ${form}`;
    const running = this.#running.get(key);
    if (running) {
      const made = await running.catch(() => undefined);
      return made ?? this.#once(piece, form, make);
    }
    const making = make().finally(() => this.#running.delete(key));
    this.#running.set(key, making);
    return making;
  }
}

/** The name of the form that is wanted, undefined where the layer's own blob will do. */
function formOf(request: PackRequest, main: PackedLayer | undefined): string | undefined {
  if (request.epoch !== undefined) return `${request.compression}@${request.epoch}`;
  const otherwise = request.force && main && compressionOf(main.mediaType) !== request.compression;
  return otherwise ? request.compression : undefined;
}

/** How a layer of this type is packed; `gzip` for types that do not say. */
export function compressionOf(mediaType: string): PackCompression {
  if (/\.tar$/.test(mediaType)) return 'uncompressed';
  return /[.+]zstd$/.test(mediaType) ? 'zstd' : 'gzip';
}

import { createHash } from 'node:crypto';
import type { FileBlobPlaces } from '../../blob/blob-places.ts';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { LayerBlobRecord, LayerBlobs } from '../../blob/layer-blobs.ts';
import { type ChainFolder, ChainTree } from '../../chain/chain-tree.ts';
import type { LayerRef } from '../../chain/ref.ts';
import type { RefStore } from '../../chain/ref-store.ts';
import { stepFailure } from '../../error/error.ts';
import { type LayerStore, lostLayer } from '../../layer/layer-store.ts';
import { layerPacking } from '../../registry/descriptor.ts';
import { unpackInto } from '../../unpack/unpack-layer.ts';
import type { Workbench } from '../../work/operation.ts';
import { BlobDownloads } from './blob-downloads.ts';
import { ImageActivity } from './image-activity.ts';
import type { ImageOrigin } from './image-origin.ts';
import type { ImageLayer } from './resolve-image.ts';
import { unpackLimit } from './unpack-limit.ts';

export interface ImageLayersOptions {
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly blobs: BlobStore;
  readonly layerBlobs: LayerBlobs;
  readonly places: FileBlobPlaces;
}

/** A layer of an image that a solve may need, with the ref that stands for it. */
interface Step {
  readonly ref: LayerRef;
  readonly layer: ImageLayer;
  readonly image: KnownImage;
}

/** An image of this solve: where its blobs come from, and who wants to hear of it. */
interface KnownImage {
  /** Lowest → highest. */
  readonly steps: Step[];
  readonly downloads: BlobDownloads;
  readonly activity: ImageActivity;
  readonly work: Workbench;
}

/**
 * The images of one solve as refs (`cache/manager.go` `GetByBlob`).
 *
 * The refs of an image follow from its manifest and config alone, so nothing is pulled before something looks into a
 * layer ({@link ImageLayers.provide}) or hands its blob on ({@link ImageLayers.blobOf}). A stored layer is named by its
 * chain ID, so that it is unpacked once for all images that have it; a ref also by the blobs that it came from, since
 * these are what an export hands on.
 */
export class ImageLayers {
  readonly #options: ImageLayersOptions;
  readonly #byLayer = new Map<string, Step>();
  readonly #byRef = new Map<string, Step>();

  constructor(options: ImageLayersOptions) {
    this.#options = options;
  }

  /**
   * Makes an image known and returns its ref; undefined for an image without layers.
   * @param work of the vertex that names the image: it is told how transfers go
   */
  register(layers: readonly ImageLayer[], origin: ImageOrigin, work: Workbench): LayerRef | undefined {
    const image: KnownImage = {
      steps: [],
      downloads: new BlobDownloads(this.#options.blobs, origin, work),
      activity: new ImageActivity(work),
      work,
    };
    let chainId: string | undefined;
    let blobChainId: string | undefined;
    for (const layer of layers) {
      chainId = chained(chainId, layer.diffId);
      blobChainId = chained(blobChainId, chained(layer.blob.digest, layer.diffId));
      const parent = image.steps.at(-1)?.ref;
      const ref = this.#refOf(nameOf(blobChainId), nameOf(chainId), parent, this.#description(layer, origin));
      const { digest, size, mediaType, urls } = layer.blob;
      const record = { digest, size, mediaType, diffId: layer.diffId, ...(urls && { urls }) };
      this.#options.layerBlobs.put(ref.id, record);
      // A manifest of that place lists it: a push to the same registry need not send it.
      this.#options.places.add(digest, origin.place);
      const step: Step = { ref, layer, image };
      image.steps.push(step);
      this.#byRef.set(ref.id, step);
      this.#byLayer.set(ref.layer, step);
    }
    return image.steps.at(-1)?.ref;
  }

  /** True if an image of this solve has the layer. */
  has(ref: LayerRef): boolean {
    return this.#stepOf(ref) !== undefined;
  }

  /** Unpacks a layer whose parents are in the store already. Fails where no image of this solve has it. */
  async provide(ref: LayerRef): Promise<void> {
    const step = this.#stepOf(ref);
    if (!step) throw lostLayer(ref.layer);
    const { layers } = this.#options;
    // The layers above are usually read next: start their downloads now.
    for (const next of step.image.steps) {
      if (!layers.has(next.ref.layer)) step.image.downloads.start(next.layer.blob);
    }
    await step.image.activity.run(async () => {
      await step.image.downloads.wait(step.layer.blob);
      await this.#unpack(step);
    });
  }

  /**
   * The blob that an image's ref came from, in the store; undefined for a ref that came from no image. Nothing is
   * unpacked.
   */
  async blobOf(refId: string): Promise<LayerBlobRecord | undefined> {
    const record = this.#options.layerBlobs.get(refId);
    if (!record || (await this.#options.blobs.isSound(record))) return record;
    const step = this.#byRef.get(refId);
    if (!step) return undefined;
    step.image.downloads.start(step.layer.blob);
    await step.image.activity.run(() => step.image.downloads.wait(step.layer.blob));
    return record;
  }

  /** Ends the transfers that are not needed any more. */
  async close(): Promise<void> {
    const images = new Set([...this.#byRef.values()].map(({ image }) => image));
    await Promise.all([...images].map(({ downloads }) => downloads.stop()));
    for (const { activity } of images) activity.settle();
  }

  #stepOf(ref: LayerRef): Step | undefined {
    return this.#byRef.get(ref.id) ?? this.#byLayer.get(ref.layer);
  }

  /** Keeps the stored time of a known ref, and the image that brought it first. */
  #refOf(id: string, layer: string, parent: LayerRef | undefined, description: string): LayerRef {
    const known = this.#options.refs.load(id);
    if (known?.kind === 'layer') return known;
    const ref: LayerRef = {
      kind: 'layer',
      id,
      layer,
      description,
      createdAt: Date.now(),
      ...(parent && { parent }),
    };
    this.#options.refs.save(ref);
    return ref;
  }

  /** BuildKit says where a layer came from when it pulls the blob: not of a blob that it has already (`cache/remote.go`). */
  #description({ blob }: ImageLayer, { reference }: ImageOrigin): string {
    return this.#options.blobs.size(blob.digest) === blob.size ? '' : `pulled from ${reference}`;
  }

  async #unpack({ ref, layer: { blob, diffId }, image }: Step): Promise<void> {
    const { layers, blobs } = this.#options;
    const packing = layerPacking(blob.mediaType);
    if (!packing) {
      throw stepFailure(`failed to get stream processor for ${blob.mediaType}: no processor for media-type`);
    }
    const { work } = image;
    const base = this.#treeBelow(ref);
    const draft = layers.edit(base, base?.lookup('/')?.stat ?? { uid: 0, gid: 0 }, work);
    const status = {
      type: 'status',
      id: `extracting ${blob.digest}`,
      name: 'extracting',
      current: 0,
      total: 0,
    } as const;
    const started = Date.now();
    work.report({ ...status, started });
    try {
      const limit = unpackLimit(blob, draft.upper);
      const stream = blobs.stream(blob.digest);
      const found = await unpackInto(draft, base, { stream, packing, limit });
      if (found !== diffId) {
        throw stepFailure(`failed to verify layer ${blob.digest}: expected diffID ${diffId}, got ${found}`);
      }
      await layers.commit(draft, ref.layer);
    } catch (error) {
      layers.discard(draft);
      throw error;
    } finally {
      work.report({ ...status, started, completed: Date.now() });
    }
  }

  #treeBelow({ parent }: LayerRef): ChainTree | undefined {
    const folders: ChainFolder[] = [];
    for (let below = parent; below?.kind === 'layer'; below = below.parent) {
      folders.push({ id: below.layer, path: this.#options.layers.path(below.layer, 'own') });
    }
    return folders.length > 0 ? new ChainTree(folders.reverse()) : undefined;
  }
}

/** One step of a chain ID (`identity.ChainID` of the image specification). */
function chained(parent: string | undefined, digest: string): string {
  if (parent === undefined) return digest;
  return `sha256:${createHash('sha256').update(`${parent} ${digest}`).digest('hex')}`;
}

/** A folder and file name: 160 bits are enough to tell layers apart, and mount options are short of room. */
function nameOf(chainId: string): string {
  return `image-${chainId.slice(chainId.indexOf(':') + 1).slice(0, 40)}`;
}

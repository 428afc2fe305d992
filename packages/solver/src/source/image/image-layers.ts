import { createHash } from 'node:crypto';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { LayerBlobs } from '../../blob/layer-blobs.ts';
import { stepFailure } from '../../error.ts';
import { ChainTree } from '../../layer/chain-tree.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { LayerRef } from '../../layer/ref.ts';
import type { RefStore } from '../../layer/ref-store.ts';
import { unpackInto } from '../../layer/unpack-layer.ts';
import type { Workbench } from '../../operation/operation.ts';
import { layerPacking } from '../../registry/descriptor.ts';
import { BlobDownloads } from './blob-downloads.ts';
import type { ImageOrigin } from './image-origin.ts';
import type { ImageLayer } from './resolve-image.ts';

export interface ImageLayersOptions {
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly blobs: BlobStore;
  readonly layerBlobs: LayerBlobs;
}

/** A layer of an image with the ref that stands for it. */
interface Step {
  readonly ref: LayerRef;
  readonly layer: ImageLayer;
}

/**
 * Turns images into refs (`cache/manager.go` `GetByBlob`).
 *
 * Which refs an image has follows from its manifest and config alone. A stored layer is named by its chain ID, so that
 * it is unpacked once for all images that have it; a ref also by the blobs that it came from, since these are what an
 * export hands on.
 */
export class ImageLayers {
  readonly #options: ImageLayersOptions;
  /** Layers that are being unpacked, by id. */
  readonly #unpacking = new Map<string, Promise<void>>();

  constructor(options: ImageLayersOptions) {
    this.#options = options;
  }

  /** The ref of an image, with every layer in the store; undefined for an image without layers. */
  async fetch(
    layers: readonly ImageLayer[],
    origin: ImageOrigin,
    work: Workbench,
  ): Promise<LayerRef | undefined> {
    const steps = this.#steps(layers, origin);
    await this.materialise(steps, origin, work);
    for (const { ref, layer } of steps) {
      this.#options.refs.save(ref);
      const { digest, size, mediaType, urls } = layer.blob;
      this.#options.layerBlobs.put(ref.id, {
        digest,
        size,
        mediaType,
        diffId: layer.diffId,
        ...(urls && { urls }),
      });
    }
    return steps.at(-1)?.ref;
  }

  /** Lowest → highest. What is known of a ref from before stays: its time, and which image brought it first. */
  #steps(layers: readonly ImageLayer[], origin: ImageOrigin): Step[] {
    const steps: Step[] = [];
    let chainId: string | undefined;
    let blobChainId: string | undefined;
    for (const layer of layers) {
      chainId = chained(chainId, layer.diffId);
      blobChainId = chained(blobChainId, chained(layer.blob.digest, layer.diffId));
      const parent = steps.at(-1)?.ref;
      const id = nameOf(blobChainId);
      const known = this.#options.refs.load(id);
      const ref: LayerRef =
        known?.kind === 'layer'
          ? known
          : {
              kind: 'layer',
              id,
              layer: nameOf(chainId),
              description: `pulled from ${origin.reference}`,
              createdAt: Date.now(),
              ...(parent && { parent }),
            };
      steps.push({ ref, layer });
    }
    return steps;
  }

  /** Brings every layer into the store: blobs in parallel, unpacked one on the other. */
  async materialise(steps: readonly Step[], origin: ImageOrigin, work: Workbench): Promise<void> {
    const missing = steps.filter(({ ref }) => !this.#options.layers.has(ref.layer));
    const downloads = new BlobDownloads(this.#options.blobs, origin, work);
    try {
      for (const { layer } of missing) downloads.start(layer.blob);
      for (const step of missing) await this.#ensure(step, steps, downloads, work);
    } finally {
      await downloads.stop();
    }
  }

  /** Of several solves that want one layer, one unpacks it. */
  async #ensure(
    step: Step,
    steps: readonly Step[],
    downloads: BlobDownloads,
    work: Workbench,
  ): Promise<void> {
    const id = step.ref.layer;
    const running = this.#unpacking.get(id);
    if (running) {
      await running.catch(() => {});
      if (this.#options.layers.has(id)) return;
    }
    const unpacking = this.#unpack(step, steps, downloads, work);
    this.#unpacking.set(id, unpacking);
    try {
      await unpacking;
    } finally {
      this.#unpacking.delete(id);
    }
  }

  async #unpack(
    { ref, layer }: Step,
    steps: readonly Step[],
    downloads: BlobDownloads,
    work: Workbench,
  ): Promise<void> {
    const { layers, blobs } = this.#options;
    const { blob, diffId } = layer;
    const packing = layerPacking(blob.mediaType);
    if (!packing) {
      throw stepFailure(`failed to get stream processor for ${blob.mediaType}: no processor for media-type`);
    }
    await downloads.wait(blob);
    const below = steps.slice(
      0,
      steps.findIndex((step) => step.ref === ref),
    );
    const base = this.#treeOf(below);
    const owner = base?.lookup('/')?.stat ?? { uid: 0, gid: 0 };
    const draft = layers.edit(base, owner);
    const status = { type: 'status', id: `extracting ${blob.digest}`, name: 'extracting', total: 0 } as const;
    const started = Date.now();
    work.report({ ...status, current: 0, started });
    try {
      const found = await unpackInto(draft, base, { stream: blobs.stream(blob.digest), packing }, work.pause);
      if (found !== diffId) {
        throw stepFailure(`failed to verify layer ${blob.digest}: expected diffID ${diffId}, got ${found}`);
      }
    } catch (error) {
      layers.discard(draft);
      throw error;
    }
    layers.commit(draft, ref.layer);
    work.report({ ...status, current: 0, started, completed: Date.now() });
  }

  #treeOf(steps: readonly Step[]): ChainTree | undefined {
    if (steps.length === 0) return undefined;
    return new ChainTree(
      steps.map(({ ref }) => ({ id: ref.layer, path: this.#options.layers.path(ref.layer, 'own') })),
    );
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

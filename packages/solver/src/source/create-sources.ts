import type { SolveRequest } from '@llb-ts/backend';
import type { LayerBlobRecord } from '../blob/layer-blobs.ts';
import { stepFailure } from '../error.ts';
import type { LayerRef } from '../layer/ref.ts';
import type { Reference } from '../registry/reference.ts';
import { gitSource } from './git/git-source.ts';
import { httpSource } from './http/http-source.ts';
import { blobSource } from './image/blob-source.ts';
import type { BlobOrigin } from './image/ensure-blob.ts';
import { ImageLayers } from './image/image-layers.ts';
import { ociLayoutSource, registryImageSource } from './image/image-source.ts';
import { OciLayout } from './image/oci-layout.ts';
import { registryOrigin } from './image/registry-origin.ts';
import { localSource } from './local/local-source.ts';
import type { Source } from './source.ts';
import type { SourceStores } from './source-stores.ts';

/** The sources of one solve. */
export interface SolveSources {
  readonly sources: readonly Source[];
  /** Unpacks a layer of an image that this solve knows; its parents are in the store. */
  readonly provideLayer: (ref: LayerRef) => Promise<void>;
  /** The blob that a ref came from, in the store; undefined for a ref that came from no image. */
  readonly blobOf: (refId: string) => Promise<LayerBlobRecord | undefined>;
  /** Stops what still transfers. To be called when the solve has ended, however it ended. */
  close(): Promise<void>;
}

/** Wires the sources for one request. */
export function createSources(request: SolveRequest, stores: SourceStores): SolveSources {
  const { blobs, places, registries } = stores;
  const imageLayers = new ImageLayers(stores);
  const images = { blobs, places, imageLayers };
  const sources: readonly Source[] = [
    localSource({ ...stores, locals: request.locals }),
    httpSource({ ...stores, records: stores.httpRecords, secrets: request.secrets }),
    registryImageSource(images, (reference) => registryOrigin(registries.repository(reference))),
    ociLayoutSource(images, (reference, store) =>
      new OciLayout(layoutFolder(request, store)).image(reference),
    ),
    blobSource('docker-image+blob', images, (reference) => registryBlob(reference, stores)),
    blobSource('oci-layout+blob', images, (_, attrs) => layoutBlob(request, attrs['oci.store'])),
    gitSource({
      ...stores,
      request,
      open: ({ scheme, reference, store }) =>
        scheme === 'docker-image+blob' ? registryBlob(reference, stores) : layoutBlob(request, store),
    }),
  ];
  return {
    sources,
    provideLayer: (ref) => imageLayers.provide(ref),
    blobOf: (refId) => imageLayers.blobOf(refId),
    close: () => imageLayers.close(),
  };
}

function registryBlob(reference: Reference, { registries }: SourceStores): BlobOrigin {
  const repository = registries.repository(reference);
  return {
    place: reference.locator,
    read: (digest, signal) => repository.fetchByDigest(digest, { signal }),
  };
}

function layoutBlob(request: SolveRequest, store: string | undefined): BlobOrigin {
  if (!store) throw stepFailure('oci-layout blob source requires store id');
  const layout = new OciLayout(layoutFolder(request, store));
  return { place: layout.place, read: (digest) => layout.read(digest) };
}

function layoutFolder({ ociLayouts }: SolveRequest, store: string): string {
  const folder = Object.hasOwn(ociLayouts, store) ? ociLayouts[store] : undefined;
  if (folder !== undefined) return folder;
  throw stepFailure(`unknown OCI layout store "${store}": not found`, {
    hint: `name its folder: --oci-layout ${store}=DIR`,
  });
}

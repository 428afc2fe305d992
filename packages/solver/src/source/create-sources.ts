import type { Capabilities, FolderSource } from '@llb-ts/backend';
import type { LayerBlobRecord } from '../blob/layer-blobs.ts';
import type { LayerProvider } from '../chain/views.ts';
import { stepFailure } from '../error/error.ts';
import type { Reference } from '../registry/reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { Source } from './contract/source.ts';
import { gitSource } from './git/git-source.ts';
import { httpSource } from './http/http-source.ts';
import { blobSource } from './image/blob-source.ts';
import type { BlobOrigin } from './image/ensure-blob.ts';
import { ImageLayers } from './image/image-layers.ts';
import { ociLayoutSource, registryImageSource } from './image/image-source.ts';
import { OciLayout } from './image/oci-layout.ts';
import { registryOrigin } from './image/registry-origin.ts';
import { localSource } from './local/local-source.ts';
import type { SourceStores } from './source-stores.ts';

/** The sources of one solve. */
export interface SolveSources {
  readonly sources: readonly Source[];
  /** With the credentials of the client. */
  readonly registries: RegistryClient;
  /** Unpacks layers of the images that this solve knows. */
  readonly layers: LayerProvider;
  /** The blob that a ref came from, in the store; undefined for a ref that came from no image. */
  readonly blobOf: (refId: string) => Promise<LayerBlobRecord | undefined>;
  /** Stops what still transfers. To be called when the solve has ended, however it ended. */
  close(): Promise<void>;
}

/** Wires the sources for what one request may use. */
export function createSources(capabilities: Capabilities, stores: SourceStores): SolveSources {
  const { blobs, places } = stores;
  const { folders, layouts, secrets, credentials } = capabilities;
  const registries = stores.registriesFor(credentials);
  const imageLayers = new ImageLayers(stores);
  const images = { blobs, places, imageLayers };
  const sources: readonly Source[] = [
    localSource({ ...stores, folders }),
    httpSource({ ...stores, records: stores.httpRecords, secrets }),
    registryImageSource(images, async (reference) => registryOrigin(registries.repository(reference))),
    ociLayoutSource(images, async (reference, store) => (await openLayout(layouts, store)).image(reference)),
    blobSource('docker-image+blob', images, async (reference) => registryBlob(reference, registries)),
    blobSource('oci-layout+blob', images, (_, attrs) => layoutBlob(layouts, attrs['oci.store'])),
    gitSource({
      ...stores,
      capabilities,
      open: async ({ scheme, reference, store }) =>
        scheme === 'docker-image+blob' ? registryBlob(reference, registries) : layoutBlob(layouts, store),
    }),
  ];
  return {
    sources,
    registries,
    layers: imageLayers,
    blobOf: (refId) => imageLayers.blobOf(refId),
    close: async () => {
      await imageLayers.close();
      await registries.close();
    },
  };
}

function registryBlob(reference: Reference, registries: RegistryClient): BlobOrigin {
  const repository = registries.repository(reference);
  return {
    place: reference.locator,
    read: (digest, signal) => repository.fetchByDigest(digest, { signal }),
  };
}

async function layoutBlob(layouts: FolderSource, store: string | undefined): Promise<BlobOrigin> {
  if (!store) throw stepFailure('oci-layout blob source requires store id');
  const layout = await openLayout(layouts, store);
  return { place: layout.place, read: (digest) => layout.read(digest) };
}

async function openLayout(layouts: FolderSource, store: string): Promise<OciLayout> {
  const folder = await layouts(store);
  if (folder) return new OciLayout(folder.path);
  throw stepFailure(`unknown OCI layout store "${store}": not found`, {
    hint: `name its folder: --oci-layout ${store}=DIR`,
  });
}

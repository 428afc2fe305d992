import { type CredentialSource, NO_CREDENTIALS } from '@llb-ts/backend';
import { FileBlobPlaces } from '../blob/blob-places.ts';
import { BlobStore } from '../blob/blob-store.ts';
import { LayerBlobs } from '../blob/layer-blobs.ts';
import type { StoredDigests } from '../cache/digest-memo.ts';
import type { RefStore } from '../chain/ref-store.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { HttpClient } from '../registry/http-client.ts';
import { hostPlatform, type OciPlatform } from '../registry/platform.ts';
import { parseReference } from '../registry/reference.ts';
import { RegistryClient } from '../registry/registry-client.ts';
import type { RegistryConfig } from '../registry/registry-hosts.ts';
import type { Store } from '../store/store.ts';
import { HttpRecords } from './http/http-records.ts';
import { registryOrigin } from './image/registry-origin.ts';
import { resolveImage } from './image/resolve-image.ts';

export interface SourceStoresOptions {
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  /** Told of what a local folder holds, so that a step that copies from it need not read it again. */
  readonly digests: StoredDigests;
  /** Per host; what `config.toml` says under `[registry."host"]`. Default: nothing. */
  readonly registries?: RegistryConfig;
  /** Pauses before a failed transfer is tried again (ms). Default: those of the registry client. */
  readonly retryDelays?: readonly number[];
}

/** Shared by the sources of all solves of a backend: blobs, the records about them, connections of http sources. */
export class SourceStores {
  readonly store: Store;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly digests: StoredDigests;
  readonly blobs: BlobStore;
  readonly places: FileBlobPlaces;
  readonly layerBlobs: LayerBlobs;
  readonly http: HttpClient;
  readonly httpRecords: HttpRecords;
  /** A client for one solve: connections and tokens belong to its credentials. */
  readonly registriesFor: (credentials: CredentialSource) => RegistryClient;

  constructor(options: SourceStoresOptions) {
    const { store, layers, refs, digests, registries = {}, retryDelays } = options;
    this.store = store;
    this.layers = layers;
    this.refs = refs;
    this.digests = digests;
    this.blobs = new BlobStore(store.root, () => store.stage());
    this.places = new FileBlobPlaces(store.root);
    this.layerBlobs = new LayerBlobs(store);
    this.http = new HttpClient();
    this.httpRecords = new HttpRecords(store);
    this.registriesFor = (credentials) =>
      new RegistryClient({ config: registries, credentials, ...(retryDelays && { retryDelays }) });
  }

  /**
   * The config of an image in a registry: what `ImageConfigResolver` of the language asks for.
   * @param options.platform default: this machine's
   * @param options.credentials default: anonymous
   */
  async resolveImageConfig(
    reference: string,
    {
      platform = hostPlatform(),
      credentials = NO_CREDENTIALS,
      signal,
    }: {
      readonly platform: OciPlatform | undefined;
      readonly credentials: CredentialSource | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly ref: string; readonly digest: string; readonly config: Uint8Array }> {
    const registries = this.registriesFor(credentials);
    try {
      const origin = registryOrigin(registries.repository(parseReference(reference)));
      const { blobs, places } = this;
      const { top, config } = await resolveImage(origin, { blobs, places, platform, signal });
      return { ref: origin.reference, digest: top.digest, config };
    } finally {
      await registries.close();
    }
  }

  /** Closes connections. */
  async close(): Promise<void> {
    await this.http.close();
  }
}

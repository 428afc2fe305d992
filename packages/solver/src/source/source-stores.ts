import { FileBlobPlaces } from '../blob/blob-places.ts';
import { BlobStore } from '../blob/blob-store.ts';
import { LayerBlobs } from '../blob/layer-blobs.ts';
import type { StoredDigests } from '../cache/digest-memo.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import type { RefStore } from '../layer/ref-store.ts';
import { DockerCredentials } from '../registry/docker-config.ts';
import { HttpClient } from '../registry/http-client.ts';
import { hostPlatform, type OciPlatform } from '../registry/platform.ts';
import { parseReference } from '../registry/reference.ts';
import { RegistryClient } from '../registry/registry-client.ts';
import type { RegistryConfig } from '../registry/registry-hosts.ts';
import { HttpRecords } from './http/http-records.ts';
import { registryOrigin } from './image/registry-origin.ts';
import { resolveImage } from './image/resolve-image.ts';

export interface SourceStoresOptions {
  readonly stateDir: string;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  /** Told of what a local folder holds, so that a step that copies from it need not read it again. */
  readonly digests: StoredDigests;
  /** Per host; what `config.toml` says under `[registry."host"]`. Default: nothing. */
  readonly registries?: RegistryConfig;
  /** Pauses before a failed transfer is tried again (ms). Default: those of the registry client. */
  readonly retryDelays?: readonly number[];
}

/** What the sources of all solves of a backend share: blobs, what is known of them, connections and tokens. */
export class SourceStores {
  readonly stateDir: string;
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly digests: StoredDigests;
  readonly blobs: BlobStore;
  readonly places: FileBlobPlaces;
  readonly layerBlobs: LayerBlobs;
  readonly registries: RegistryClient;
  readonly http: HttpClient;
  readonly httpRecords: HttpRecords;

  constructor(options: SourceStoresOptions) {
    const { stateDir, layers, refs, digests, registries = {}, retryDelays } = options;
    this.stateDir = stateDir;
    this.layers = layers;
    this.refs = refs;
    this.digests = digests;
    this.blobs = new BlobStore(stateDir, () => layers.stage());
    this.places = new FileBlobPlaces(stateDir);
    this.layerBlobs = new LayerBlobs(stateDir);
    this.http = new HttpClient();
    this.httpRecords = new HttpRecords(stateDir);
    this.registries = new RegistryClient({
      config: registries,
      credentials: new DockerCredentials(),
      ...(retryDelays && { retryDelays }),
    });
  }

  /**
   * The config of an image in a registry: what `ImageConfigResolver` of the language asks for.
   * @param platform undefined: this machine's
   */
  async resolveImageConfig(
    reference: string,
    platform: OciPlatform | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly ref: string; readonly digest: string; readonly config: Uint8Array }> {
    const origin = registryOrigin(this.registries.repository(parseReference(reference)));
    const { blobs, places } = this;
    const wanted = platform ?? hostPlatform();
    const { top, config } = await resolveImage(origin, { blobs, places, platform: wanted, signal });
    return { ref: origin.reference, digest: top.digest, config };
  }

  /** Closes connections. */
  async close(): Promise<void> {
    await Promise.all([this.registries.close(), this.http.close()]);
  }
}

import type { CredentialSource, SolveFailure } from '@llb-ts/backend';
import type { ByteStream } from '../archive/byte-source.ts';
import { parseBlobDigest } from '../blob/blob-digest.ts';
import { stepFailure } from '../error/error.ts';
import { Authorizer } from './authorizer.ts';
import { type Descriptor, isIndexType, isManifestType, MediaType } from './descriptor.ts';
import { downloadBlob } from './download.ts';
import { HttpClient, type HttpResponse } from './http-client.ts';
import type { Reference } from './reference.ts';
import { hostsFor, type RegistryConfig, type RegistryHost } from './registry-hosts.ts';
import { type RegistryConnection, sendToRegistry, unexpectedStatus } from './registry-request.ts';
import { RETRY_DELAYS } from './retry.ts';

export interface RegistryClientOptions {
  /** Per host. Default: https everywhere, http on this machine. */
  readonly config?: RegistryConfig;
  readonly credentials: CredentialSource;
  /** Pauses before a cut or failed transfer is taken up again (ms). Default: 1, 2 and 4 seconds. */
  readonly retryDelays?: readonly number[];
}

/** Largest manifest or index that is read. */
export const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

const ACCEPT_MANIFESTS = [
  MediaType.dockerManifest,
  MediaType.dockerList,
  MediaType.ociManifest,
  MediaType.ociIndex,
  '*/*',
].join(', ');

/** Talks to registries; keeps connections and tokens per host for as long as it lives. */
export class RegistryClient {
  readonly #config: RegistryConfig;
  readonly #credentials: CredentialSource;
  readonly #retryDelays: readonly number[];
  readonly #connections = new Map<string, RegistryConnection>();

  constructor({ config = {}, credentials, retryDelays = RETRY_DELAYS }: RegistryClientOptions) {
    this.#config = config;
    this.#retryDelays = retryDelays;
    this.#credentials = credentials;
  }

  repository(reference: Reference): RegistryRepository {
    const hosts = hostsFor(reference.hostname, this.#config);
    return new RegistryRepository(
      reference,
      hosts.map((host) => this.#connect(host)),
      this.#retryDelays,
    );
  }

  /** Another client with the same configuration, which may speak to one host without TLS, or without a valid certificate. */
  insecureFor(hostname: string): RegistryClient {
    const host = { ...this.#config[hostname], http: true, insecure: true };
    return new RegistryClient({
      config: { ...this.#config, [hostname]: host },
      credentials: this.#credentials,
      retryDelays: this.#retryDelays,
    });
  }

  async close(): Promise<void> {
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(connections.map(({ http }) => http.close()));
  }

  #connect(host: RegistryHost): RegistryConnection {
    const key = `${host.scheme}://${host.host}${host.path}`;
    let connection = this.#connections.get(key);
    if (!connection) {
      const http = new HttpClient(host.tls);
      connection = { host, http, authorizer: new Authorizer(host.host, http, this.#credentials) };
      this.#connections.set(key, connection);
    }
    return connection;
  }
}

/** One repository, through its mirrors first. */
export class RegistryRepository {
  readonly reference: Reference;
  readonly #connections: readonly RegistryConnection[];
  readonly #retryDelays: readonly number[];

  /** @param connections in the order in which they are asked */
  constructor(
    reference: Reference,
    connections: readonly RegistryConnection[],
    retryDelays: readonly number[] = RETRY_DELAYS,
  ) {
    this.reference = reference;
    this.#connections = connections;
    this.#retryDelays = retryDelays;
  }

  /** The connection to the namespace's own host, where pushes go. */
  get connection(): RegistryConnection {
    return this.#connections.at(-1)!;
  }

  /** The scopes that a request needs. */
  scopes(actions: 'pull' | 'pull,push' = 'pull'): readonly string[] {
    return [`repository:${this.reference.repository}:${actions}`];
  }

  /** The manifest or index that the reference names. Fails with `REF: not found`, or with the answer of the first host. */
  async resolve(signal?: AbortSignal): Promise<Descriptor> {
    const { reference } = this;
    let failure: { readonly rank: number; readonly error: unknown } | undefined;
    const note = (rank: number, error: unknown) => {
      if (!failure || failure.rank < rank) failure = { rank, error };
    };
    if (reference.digest !== '') parseBlobDigest(reference.digest);
    const places =
      reference.digest === ''
        ? [`manifests/${reference.object}`]
        : [`manifests/${reference.digest}`, `blobs/${reference.digest}`];
    for (const place of places) {
      if (failure && failure.rank > 2) break;
      for (const connection of this.#connections) {
        try {
          const found = await this.#resolveAt(connection, place, signal);
          if (found) return found;
          note(2, this.#notFound());
        } catch (error) {
          if (signal?.aborted) throw error;
          note(1, error);
        }
      }
    }
    throw failure?.error ?? this.#notFound();
  }

  #notFound(): SolveFailure {
    const { text, repository, object } = this.reference;
    const hosts = this.#connections.map(({ host }) => host.host).join(', ');
    return stepFailure(`${text}: not found`, {
      hint: `${hosts} has no ${object} of ${repository}: check the name, and the tag or digest`,
    });
  }

  async #resolveAt(
    connection: RegistryConnection,
    place: string,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor | undefined> {
    const response = await this.#send(connection, {
      method: 'HEAD',
      place,
      headers: { accept: ACCEPT_MANIFESTS },
      signal,
    });
    await response.drop();
    if (response.status === 404) return undefined;
    if (response.status > 299) throw await unexpectedStatus('HEAD', response);
    const size = Number(response.headers['content-length'] ?? Number.NaN);
    const digest = this.reference.digest || response.headers['docker-content-digest'];
    const mediaType = mediaTypeOf(response);
    if (digest !== undefined && Number.isSafeInteger(size)) {
      parseBlobDigest(digest);
      if (size > MAX_MANIFEST_SIZE) {
        throw stepFailure(`rejecting ${size} byte manifest for ${this.reference.text}: not found`);
      }
      return { mediaType, digest, size };
    }
    return this.#resolveByContent(connection, place, signal);
  }

  /** For registries that do not say the digest. */
  async #resolveByContent(
    connection: RegistryConnection,
    place: string,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor> {
    const { createHash } = await import('node:crypto');
    const response = await this.#send(connection, {
      method: 'GET',
      place,
      headers: { accept: ACCEPT_MANIFESTS },
      signal,
    });
    if (response.status > 299) throw await unexpectedStatus('GET', response);
    const bytes = await readAll(response.body, MAX_MANIFEST_SIZE);
    const digest = this.reference.digest || `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return { mediaType: mediaTypeOf(response), digest, size: bytes.length };
  }

  /**
   * The bytes of a manifest or blob, at most as many as its descriptor says. Goes on where a cut connection stopped. The
   * digest is the reader's to check.
   */
  fetch(descriptor: Descriptor, options: FetchOptions = {}): ByteStream {
    const manifest = isManifestType(descriptor.mediaType) || isIndexType(descriptor.mediaType);
    const place = `${manifest ? 'manifests' : 'blobs'}/${descriptor.digest}`;
    const accept = descriptor.mediaType === '' ? '*/*' : `${descriptor.mediaType}, */*`;
    const wanted = { place, accept, descriptor, signal: options.signal };
    return downloadBlob(descriptor, {
      ...options,
      delays: this.#retryDelays,
      open: (offset) => this.#open(wanted, offset),
    });
  }

  /** The bytes of a blob (or manifest) of which nothing but the digest is known. */
  async *fetchByDigest(digest: string, options: FetchOptions = {}): AsyncGenerator<Uint8Array> {
    parseBlobDigest(digest);
    const { place, size } = await this.#locate(digest, options.signal);
    const descriptor = { mediaType: '', digest, size };
    const wanted = { place, accept: '*/*', descriptor, signal: options.signal };
    const open = (offset: number) => this.#open(wanted, offset);
    yield* downloadBlob(descriptor, { ...options, delays: this.#retryDelays, open });
  }

  async #locate(digest: string, signal: AbortSignal | undefined): Promise<{ place: string; size: number }> {
    let failure: unknown;
    for (const place of [`blobs/${digest}`, `manifests/${digest}`]) {
      for (const connection of this.#connections) {
        try {
          const response = await this.#send(connection, {
            method: 'HEAD',
            place,
            headers: { accept: '*/*' },
            signal,
          });
          await response.drop();
          const size = Number(response.headers['content-length'] ?? Number.NaN);
          if (response.status <= 299 && Number.isSafeInteger(size)) return { place, size };
          if (response.status !== 404) failure ??= await unexpectedStatus('HEAD', response);
        } catch (error) {
          if (signal?.aborted) throw error;
          failure ??= error;
        }
      }
    }
    throw failure ?? stepFailure(`could not fetch content ${digest} from remote: not found`);
  }

  async #open({ place, accept, descriptor, signal }: WantedContent, offset: number): Promise<HttpResponse> {
    const headers = { accept, ...(offset > 0 && { range: `bytes=${offset}-` }) };
    let failure: unknown;
    let missing = false;
    for (const connection of this.#connections) {
      try {
        const response = await this.#send(connection, { method: 'GET', place, headers, signal });
        if (response.status <= 299) return response;
        missing ||= response.status === 404;
        if (response.status >= 500 && connection === this.connection) return response;
        failure ??= await unexpectedStatus('GET', response);
      } catch (error) {
        if (signal?.aborted) throw error;
        failure ??= error;
      }
    }
    if (!missing) throw failure;
    throw stepFailure(
      `could not fetch content descriptor ${descriptor.digest} (${descriptor.mediaType}) from remote: not found`,
      { cause: failure },
    );
  }

  #send(connection: RegistryConnection, request: ContentRequest): Promise<HttpResponse> {
    const { method, place, headers, signal } = request;
    const { reference } = this;
    const namespace = connection.host.mirror ? `?ns=${encodeURIComponent(reference.hostname)}` : '';
    return sendToRegistry(connection, {
      method,
      path: `/${reference.repository}/${place}${namespace}`,
      headers,
      scopes: this.scopes(),
      signal,
      lastHost: connection === this.connection,
    });
  }
}

/** A request for something in the repository. */
interface ContentRequest {
  readonly method: 'GET' | 'HEAD';
  /** Below the repository: `blobs/sha256:…`. */
  readonly place: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

interface WantedContent extends Pick<ContentRequest, 'place' | 'signal'> {
  readonly accept: string;
  readonly descriptor: Descriptor;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told about every attempt that failed and the pause before the next (ms). */
  readonly onRetry?: ((reason: string, delay: number) => void) | undefined;
}

function mediaTypeOf(response: HttpResponse): string {
  const type = (response.headers['content-type'] ?? '').replace(/;.*$/s, '').trim();
  // As registry.access.redhat.com calls its old manifests.
  return type === 'text/plain' ? MediaType.dockerSchema1 : type;
}

/** All of a small body; fails beyond `limit` bytes. */
export async function readAll(body: ByteStream, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw stepFailure(`rejecting a document of more than ${limit} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

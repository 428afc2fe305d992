import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteStream } from '../archive/byte-source.ts';
import { stepFailure } from '../error/error.ts';
import type { Descriptor } from './descriptor.ts';
import type { HttpResponse } from './http-client.ts';
import { isTransient, networkFailure } from './network-error.ts';
import type { RegistryRepository } from './registry-client.ts';
import { type RegistryRequest, sendToRegistry, unexpectedStatus } from './registry-request.ts';
import { RETRY_DELAYS } from './retry.ts';

export interface PushBlobOptions {
  /** The bytes from `offset` on. */
  readonly open: (offset: number) => ByteStream;
  /** Repositories of the same registry that are said to have the blob: it is taken over from there. */
  readonly from: readonly string[];
  readonly signal: AbortSignal;
  /** Told how many bytes the registry has. */
  readonly onProgress?: (bytes: number) => void;
  /** Told about every attempt that failed and the pause before the next (ms). */
  readonly onRetry?: (reason: string, delay: number) => void;
}

/** How a blob came to be in a repository. */
export type PushedBlob = 'exists' | 'mounted' | 'sent';

/** Writes to one repository, at the registry's own host (containerd `core/remotes/docker/pusher.go`). */
export class RegistryPusher {
  readonly #repository: RegistryRepository;

  constructor(repository: RegistryRepository) {
    this.#repository = repository;
  }

  /** Makes sure that a blob is in the repository. A cut upload goes on where it stopped. */
  async blob(blob: Descriptor, options: PushBlobOptions): Promise<PushedBlob> {
    const { signal } = options;
    const found = await this.#send({ method: 'HEAD', path: `/blobs/${blob.digest}`, signal });
    await found.drop();
    if (found.status === 200) return 'exists';
    if (found.status !== 404) throw await unexpectedStatus('HEAD', found);
    const place = await this.#start(blob, options);
    if (place === undefined) return 'mounted';
    await this.#upload(place, blob, options);
    return 'sent';
  }

  /**
   * Puts a manifest.
   * @param name a tag, or the digest
   */
  async manifest({ bytes, descriptor }: PushedManifest, name: string, signal: AbortSignal): Promise<void> {
    const response = await this.#send({
      method: 'PUT',
      path: `/manifests/${name}`,
      headers: { 'content-type': descriptor.mediaType },
      body: bytes,
      signal,
    });
    if (response.status > 299) throw await unexpectedStatus('PUT', response);
    await response.drop();
    const stored = response.headers['docker-content-digest'];
    if (stored !== undefined && stored !== descriptor.digest) {
      throw stepFailure(`got digest ${stored}, expected ${descriptor.digest}`);
    }
  }

  /** Asks for a place to upload to; undefined if the registry had the blob in another repository and took it over. */
  async #start({ digest }: Descriptor, { from, signal }: PushBlobOptions): Promise<string | undefined> {
    for (const source of from) {
      const mount = await this.#send({
        method: 'POST',
        path: `/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(source)}`,
        scopes: [...this.#repository.scopes('pull,push'), `repository:${source}:pull`],
        signal,
      });
      await mount.drop();
      if (mount.status === 201) return undefined;
      // The registry would rather have it uploaded; other answers say as much.
      if (mount.status === 202) return placeOf(mount);
    }
    const response = await this.#send({ method: 'POST', path: '/blobs/uploads/', signal });
    if (response.status !== 202) throw await unexpectedStatus('POST', response);
    await response.drop();
    return placeOf(response);
  }

  async #upload(start: string, blob: Descriptor, options: PushBlobOptions): Promise<void> {
    let place = start;
    let offset = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        place = await this.#append(place, blob, offset, options);
        await this.#finish(place, blob, options.signal);
        options.onProgress?.(blob.size);
        return;
      } catch (error) {
        const delay = RETRY_DELAYS[attempt];
        if (options.signal.aborted || delay === undefined || !mayRetry(error))
          throw this.#described(place, error);
        options.onRetry?.(textOf(error), delay);
        await sleep(delay, undefined, { signal: options.signal });
      }
      ({ place, offset } = await this.#whereWasI(place, blob, options));
    }
  }

  /** Sends what is missing; returns where to go on. */
  async #append(
    place: string,
    { size }: Descriptor,
    offset: number,
    options: PushBlobOptions,
  ): Promise<string> {
    if (offset === size) return place;
    const response = await this.#sendTo(place, {
      method: 'PATCH',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(size - offset),
        // Only where something is there already: some registries take the header for a chunk of several.
        ...(offset > 0 && { 'content-range': `${offset}-${size - 1}` }),
      },
      body: watched(options.open(offset), offset, options.onProgress),
      signal: options.signal,
    });
    if (response.status !== 202 && response.status !== 204) throw await statusFailure('PATCH', response);
    await response.drop();
    return response.headers.location === undefined ? place : placeOf(response);
  }

  async #finish(place: string, { digest }: Descriptor, signal: AbortSignal): Promise<void> {
    const url = new URL(place);
    url.searchParams.set('digest', digest);
    const response = await this.#sendTo(url.href, { method: 'PUT', body: '', signal });
    if (response.status !== 201) throw await statusFailure('PUT', response);
    await response.drop();
  }

  /** Asks how much of an upload has arrived; begins another one where that is lost. */
  async #whereWasI(
    place: string,
    blob: Descriptor,
    options: PushBlobOptions,
  ): Promise<{ readonly place: string; readonly offset: number }> {
    const response = await this.#sendTo(place, { method: 'GET', signal: options.signal });
    await response.drop();
    const arrived = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.range ?? '')?.[1];
    if (response.status === 204 && arrived !== undefined) {
      // An empty upload also says `0-0`.
      const offset = arrived === '0' ? 0 : Number(arrived) + 1;
      if (offset <= blob.size) {
        return { place: response.headers.location === undefined ? place : placeOf(response), offset };
      }
    }
    const again = await this.#start(blob, { ...options, from: [] });
    return { place: again ?? place, offset: 0 };
  }

  #send(request: Partial<RegistryRequest> & Pick<RegistryRequest, 'method' | 'path'>): Promise<HttpResponse> {
    const { reference, connection } = this.#repository;
    return sendToRegistry(connection, {
      scopes: this.#repository.scopes('pull,push'),
      lastHost: true,
      ...request,
      path: `/${reference.repository}${request.path}`,
    });
  }

  /** A request to a place that the registry named, once: what is sent may not be there a second time. */
  async #sendTo(
    url: string,
    { method, headers, body, signal }: Pick<RegistryRequest, 'method' | 'headers' | 'body' | 'signal'>,
  ): Promise<HttpResponse> {
    const { host, http, authorizer } = this.#repository.connection;
    const own = new URL(url).host === host.host;
    const authorization = own
      ? await authorizer.authorization(this.#repository.scopes('pull,push'))
      : undefined;
    return http.send({
      method,
      url,
      headers: { 'user-agent': 'llb-ts', ...headers, ...(authorization && { authorization }) },
      ...(body !== undefined && { body }),
      signal,
    });
  }

  #described(place: string, error: unknown): unknown {
    if (error instanceof StatusFailure) return error.cause;
    if (!isTransient(error)) return error;
    return networkFailure('PATCH', place, error, 'failed to do request: ');
  }
}

export interface PushedManifest {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** An answer to an upload that may be another one next time. */
class StatusFailure extends Error {
  readonly status: number;

  constructor(status: number, cause: Error) {
    super(cause.message, { cause });
    this.status = status;
  }
}

async function statusFailure(method: string, response: HttpResponse): Promise<StatusFailure> {
  const { status } = response;
  return new StatusFailure(status, await unexpectedStatus(method, response));
}

function mayRetry(error: unknown): boolean {
  if (error instanceof StatusFailure) {
    return error.status >= 500 || [401, 404, 408, 416, 429].includes(error.status);
  }
  return isTransient(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The URL at which an upload goes on; an answer names it relative to its own. */
function placeOf(response: HttpResponse): string {
  const { location } = response.headers;
  if (location === undefined) throw stepFailure('the registry did not say where to upload to');
  return new URL(location, response.url).href;
}

async function* watched(
  stream: ByteStream,
  offset: number,
  onProgress: ((bytes: number) => void) | undefined,
): ByteStream {
  let sent = offset;
  for await (const chunk of stream) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent);
  }
}

/** Plain HTTP requests for registries and http sources: proxies, TLS per host, redirects that leak no credentials. */
import { isIP } from 'node:net';
import { Readable } from 'node:stream';
import { redactUrls } from '@llb-ts/backend';
import type undici from 'undici';
import type { Dispatcher } from 'undici';
import { networkFailure } from './network-error.ts';
import type { TlsOptions } from './tls.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** The body holds a secret: a redirect that would send it to another origin is an error. Default: false. */
  readonly confined?: boolean;
  /** The `authorization` to send after a redirect to another origin. Default: none. */
  readonly authorizeRedirect?: (url: string) => Promise<string | undefined>;
}

/** An answer whose body has to be read or dropped. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The URL that answered, after redirects. */
  readonly url: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** The body as text, at most 64 KiB of it. */
  text(): Promise<string>;
  drop(): Promise<void>;
}

const CONNECT_TIMEOUT = 30_000;
const HEADERS_TIMEOUT = 30_000;
const BODY_TIMEOUT = 60_000;
const MAX_REDIRECTS = 10;
const MAX_TEXT = 64_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class HttpClient {
  readonly #tls: TlsOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(tls: TlsOptions = {}) {
    this.#tls = tls;
  }

  /** Sends a request and follows redirects. Fails with the error of the socket; see `describeNetworkError`. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    const { body: content, ...question } = request;
    let { method, url } = question;
    let body = content;
    let headers: Record<string, string> = { ...request.headers };
    for (let hops = 0; ; hops++) {
      const response = await this.#once({
        ...question,
        method,
        url,
        headers,
        ...(body !== undefined && { body }),
      });
      const location = response.headers.location;
      if (!REDIRECTS.has(response.status) || location === undefined) return response;
      if (hops >= MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
      await response.drop();
      const next = new URL(location, url).href;
      const elsewhere = new URL(next).origin !== new URL(url).origin;
      // As Go's client: only 307 and 308 repeat what is no question.
      if (response.status < 307 && method !== 'GET' && method !== 'HEAD') {
        [method, body] = ['GET', undefined];
        headers = withoutContent(headers);
      }
      if (elsewhere && body !== undefined && request.confined) {
        throw new Error(`redirected to ${redactUrls(next)}, which must not get the credentials`);
      }
      if (elsewhere) {
        headers = withoutCredentials(headers);
        const authorization = await request.authorizeRedirect?.(next);
        if (authorization !== undefined) headers = { ...headers, authorization };
      }
      url = next;
    }
  }

  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all(open.map(async (dispatcher) => (await dispatcher).close()));
  }

  async #once(request: HttpRequest): Promise<HttpResponse> {
    const { request: send } = await loadUndici();
    const answer = await send(request.url, {
      dispatcher: await this.#dispatcher(new URL(request.url)),
      method: request.method,
      headers: { ...request.headers },
      body: bodyOf(request.body),
      signal: request.signal ?? null,
      // Undici would close the connection after a HEAD; a registry is asked by HEAD for every layer.
      reset: false,
    });
    return {
      status: answer.statusCode,
      headers: singleValues(answer.headers),
      url: request.url,
      body: described(answer.body, request),
      text: () => readText(answer.body),
      drop: () => answer.body.dump({ limit: 128 * 1024 }).catch(() => {}),
    };
  }

  #dispatcher({ hostname, protocol }: URL): Promise<Dispatcher> {
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new Error(`unsupported protocol scheme "${protocol.slice(0, -1)}"`);
    }
    const key = `${protocol}${isLoopback(hostname)}`;
    let dispatcher = this.#dispatchers.get(key);
    if (!dispatcher) {
      dispatcher = connect(this.#tls, protocol === 'https:', !isLoopback(hostname));
      this.#dispatchers.set(key, dispatcher);
    }
    return dispatcher;
  }
}

/** Loaded when used. A bundle that is split knows a CommonJS package's exports only under `default`. */
async function loadUndici(): Promise<Pick<typeof undici, 'Agent' | 'EnvHttpProxyAgent' | 'request'>> {
  const loaded = await import('undici');
  return 'Agent' in loaded ? loaded : (loaded as { default: typeof undici }).default;
}

async function connect(tls: TlsOptions, encrypted: boolean, proxied: boolean): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await loadUndici();
  // Loaded when used too: to import `node:tls` is to decode all certificates that Node knows.
  const secure = encrypted && {
    secureContext: (await import('./tls.ts')).secureContext(tls),
    ...(tls.insecure && { rejectUnauthorized: false }),
  };
  const connect = { timeout: CONNECT_TIMEOUT, ...secure };
  const options = { headersTimeout: HEADERS_TIMEOUT, bodyTimeout: BODY_TIMEOUT, connect };
  return proxied ? new EnvHttpProxyAgent({ ...options, requestTls: connect }) : new Agent(options);
}

/** True if a host name or address is this machine. No proxy is asked for it, and registries there may be plain http. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  if (bare === 'localhost' || bare === '::1') return true;
  return isIP(bare) === 4 && bare.startsWith('127.');
}

function bodyOf(body: HttpRequest['body']): Buffer | string | Readable | null {
  if (body === undefined || typeof body === 'string') return body ?? null;
  return body instanceof Uint8Array ? Buffer.from(body) : Readable.from(body);
}

/** A body that stops in the middle is a matter of the network, not of ours. */
async function* described(body: Readable, { method, url, signal }: HttpRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw networkFailure(method, url, error);
  }
}

function withoutContent(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')));
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { authorization: _, 'proxy-authorization': __, cookie: ___, ...rest } = headers;
  return rest;
}

function singleValues(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= MAX_TEXT) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_TEXT).toString('utf8');
}

import { setTimeout as sleep } from 'node:timers/promises';
import { redactUrls } from '@llb-ts/backend';
import { stepFailure } from '../error/error.ts';
import type { Authorizer } from './authorizer.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts';
import { isTransient, networkFailure } from './network-error.ts';
import type { RegistryHost } from './registry-hosts.ts';

/** A connection to one registry host. */
export interface RegistryConnection {
  readonly host: RegistryHost;
  readonly http: HttpClient;
  readonly authorizer: Authorizer;
}

export interface RegistryRequest {
  readonly method: HttpRequest['method'];
  /** Below the API's root: `/library/alpine/manifests/3.20`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest['body'];
  /** `repository:library/alpine:pull` and the like. */
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** True if no other host will be asked: only then is it worth to be patient. */
  readonly lastHost: boolean;
}

const MAX_ATTEMPTS = 5;
const ATTEMPT_PAUSE = 50;

/**
 * Sends a request to a registry host: signs in when asked to, waits when told so, tries again after cut connections and
 * server errors (containerd `doWithRetries`). Any other answer is the caller's to judge. Fails with code `environment`
 * when the host cannot be reached.
 */
export async function sendToRegistry(
  { host, http, authorizer }: RegistryConnection,
  request: RegistryRequest,
): Promise<HttpResponse> {
  let method = request.method;
  let lastStatus = 0;
  let scheme: 'http' | 'https' = host.scheme;
  for (let attempt = 1; ; attempt++) {
    const url = `${scheme}://${host.host}${host.path}${request.path}`;
    const authorization = await authorizer.authorization(request.scopes);
    let response: HttpResponse;
    try {
      response = await http.send({
        method,
        url,
        headers: { 'user-agent': 'llb-ts', ...request.headers, ...(authorization && { authorization }) },
        ...(request.body !== undefined && { body: request.body }),
        signal: request.signal,
      });
    } catch (error) {
      if (request.signal?.aborted) throw error;
      if (host.fallbackToHttp && scheme === 'https' && isNotTls(error)) {
        scheme = 'http';
        continue;
      }
      if (attempt < MAX_ATTEMPTS && request.lastHost && isTransient(error)) {
        await sleep(ATTEMPT_PAUSE, undefined, { signal: request.signal });
        continue;
      }
      throw networkFailure(method, url, error, 'failed to do request: ');
    }
    const { status } = response;
    if (attempt >= MAX_ATTEMPTS) return response;
    if (status === 401) {
      await response.drop();
      await authorizer.learn(response, request.scopes, authorization !== undefined);
    } else if (status === 405 && method === 'HEAD') {
      await response.drop();
      method = 'GET';
    } else if (status === 408 || status === 429) {
      await response.drop();
      await sleep(retryAfter(response), undefined, { signal: request.signal });
    } else if ([500, 503, 504].includes(status) && request.lastHost && status !== lastStatus) {
      await response.drop();
      await sleep(ATTEMPT_PAUSE, undefined, { signal: request.signal });
    } else {
      return response;
    }
    lastStatus = status;
  }
}

/** Milliseconds to wait, at most ten seconds. */
function retryAfter(response: HttpResponse): number {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 10) * 1_000 : ATTEMPT_PAUSE * 10;
}

function isNotTls(error: unknown): boolean {
  const text = error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : '';
  return /wrong version number|packet length too long|EPROTO/i.test(text);
}

/** An answer that is no success, with what the registry says about it. */
export async function unexpectedStatus(method: string, response: HttpResponse): Promise<Error> {
  const text = await response.text().catch(() => '');
  const detail = registryErrors(text);
  return stepFailure(
    `unexpected status from ${method} request to ${redactUrls(response.url)}: ${statusText(response.status)}${detail}`,
  );
}

function registryErrors(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const said = (errors ?? []).map(({ code, message }) => [code, message].filter(Boolean).join(': '));
    return said.length > 0 ? `: ${said.join('; ')}` : '';
  } catch {
    return '';
  }
}

function statusText(status: number): string {
  const names: Readonly<Record<number, string>> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    504: 'Gateway Timeout',
  };
  return names[status] ? `${status} ${names[status]}` : `${status}`;
}

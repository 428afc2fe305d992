import { type Credentials, redactUrls } from '@llb-ts/backend';
import { stepFailure } from '../error/error.ts';
import type { Challenge } from './challenge.ts';
import type { HttpClient, HttpResponse } from './http-client.ts';
import { isTransient, networkFailure } from './network-error.ts';
import { withRetries } from './retry.ts';

export interface Token {
  readonly token: string;
  /** Milliseconds since 1970 after which it should not be used. */
  readonly expires: number;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials;
  readonly http: HttpClient;
  readonly signal: AbortSignal | undefined;
  /** The hint for refused credentials. */
  readonly help: string;
}

const DEFAULT_LIFE = 60;
const CLIENT_ID = 'llb-ts';

/**
 * Gets a bearer token from where a challenge points, by GET as all registries know it, or where that is refused, by an
 * OAuth POST. A token is used for nine tenths of its life.
 */
export async function fetchToken(request: TokenRequest): Promise<Token> {
  const { realm } = request.challenge.parameters;
  if (realm === undefined) throw stepFailure('no realm specified for token auth challenge');
  const signedIn = request.credentials.secret !== '';
  const what = signedIn ? 'failed to fetch oauth token' : 'failed to fetch anonymous token';
  let response: HttpResponse;
  try {
    response =
      signedIn && request.credentials.username === ''
        ? await post(realm, request)
        : await get(realm, request);
    const refused = [401, 404, 405].includes(response.status);
    if (signedIn && request.credentials.username !== '' && refused) {
      await response.drop();
      response = await post(realm, request);
    }
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw networkFailure('GET', realm, error, `${what}: `);
  }
  if (response.status < 200 || response.status >= 400) {
    const { status, url } = response;
    await response.drop();
    const refused = status === 401 || status === 403;
    throw stepFailure(
      `${what}: unexpected status from GET request to ${redactUrls(url)}: ${status}`,
      refused ? { hint: request.help } : {},
    );
  }
  return readToken(await response.text(), what);
}

function get(
  realm: string,
  { challenge, scopes, credentials, http, signal }: TokenRequest,
): Promise<HttpResponse> {
  const url = new URL(realm);
  if (challenge.parameters.service) url.searchParams.append('service', challenge.parameters.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers = credentials.secret === '' ? {} : { authorization: basicAuthorization(credentials) };
  return retried(() => http.send({ method: 'GET', url: url.href, headers, signal }), signal);
}

function post(
  realm: string,
  { challenge, scopes, credentials, http, signal }: TokenRequest,
): Promise<HttpResponse> {
  const { username, secret } = credentials;
  const form = new URLSearchParams({
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    service: challenge.parameters.service ?? '',
    client_id: CLIENT_ID,
    ...(username === ''
      ? { grant_type: 'refresh_token', refresh_token: secret }
      : { grant_type: 'password', username, password: secret }),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return retried(
    () => http.send({ method: 'POST', url: realm, headers, body: form.toString(), confined: true, signal }),
    signal,
  );
}

function retried(send: () => Promise<HttpResponse>, signal: AbortSignal | undefined): Promise<HttpResponse> {
  return withRetries(send, {
    signal,
    again: (response) => response.status >= 500,
    drop: (response) => response.drop(),
    transient: isTransient,
  });
}

function readToken(text: string, what: string): Token {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw stepFailure(`${what}: unable to decode token response`, { cause: error });
  }
  const token = answer.access_token || answer.token;
  if (typeof token !== 'string' || token === '') {
    throw stepFailure(`${what}: authorization server did not include a token in the response`);
  }
  const life = Number(answer.expires_in) || DEFAULT_LIFE;
  const issued = Date.parse(String(answer.issued_at)) || Date.now();
  return { token, expires: Math.max(issued, Date.now() - life * 100) + life * 900 };
}

export function basicAuthorization({ username, secret }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;
}

import type { CredentialSource, Credentials } from '@llb-ts/backend';
import { stepFailure } from '../error/error.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { HttpClient, HttpResponse } from './http-client.ts';
import { basicAuthorization, fetchToken, type Token } from './token.ts';

interface Login {
  readonly challenge: Challenge;
  readonly credentials: Credentials;
}

/**
 * Answers a registry host's questions who we are. It is asked nothing before the host has refused a request; from then
 * on it knows what to send, and gets a token per scope when one is missing or old.
 */
export class Authorizer {
  readonly #host: string;
  readonly #http: HttpClient;
  readonly #credentials: CredentialSource;
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Scopes that challenges asked for beyond those that a request named. */
  readonly #askedScopes = new Map<string, readonly string[]>();
  #login: Login | undefined;

  constructor(host: string, http: HttpClient, credentials: CredentialSource) {
    this.#host = host;
    this.#http = http;
    this.#credentials = credentials;
  }

  /** The `authorization` header for a request that needs `scopes`; undefined while none was asked for. */
  async authorization(scopes: readonly string[]): Promise<string | undefined> {
    const login = this.#login;
    if (!login) return undefined;
    if (login.challenge.scheme === 'basic') return basicAuthorization(login.credentials);
    if (login.credentials.registryToken) return `Bearer ${login.credentials.registryToken}`;
    const key = scopes.join(' ');
    let token = this.#tokens.get(key);
    if (!token || (await token).expires <= Date.now()) {
      const all = [...new Set([...scopes, ...(this.#askedScopes.get(key) ?? [])])].sort();
      // Without a signal: other solves may wait for the same token.
      token = fetchToken({ ...login, scopes: all, http: this.#http, signal: undefined, help: this.#help });
      this.#tokens.set(key, token);
      token.catch(() => this.#tokens.delete(key));
    }
    return `Bearer ${(await token).token}`;
  }

  /**
   * Takes a 401 answer in. Fails when the answer cannot be helped: nothing we could send, or the credentials that were
   * sent were refused.
   *
   * @param refused whether this request had been sent with an authorization already
   */
  async learn(response: HttpResponse, scopes: readonly string[], refused: boolean): Promise<void> {
    const challenges = parseChallenges(response.headers['www-authenticate']);
    const challenge = challenges[0];
    if (!challenge) throw this.#denied('the registry did not say how to sign in');
    const credentials = await this.#credentials.get(this.#host);
    if (challenge.scheme === 'basic' && (credentials.username === '' || credentials.secret === '')) {
      throw this.#denied('no basic auth credentials');
    }
    if (refused) {
      const reason = challenge.parameters.error ?? 'authorization refused';
      if (this.#tokens.size === 0 || reason === 'insufficient_scope') {
        throw this.#denied(`server message: ${reason}: authorization failed`);
      }
      // A token may have grown old on its way.
      this.#tokens.clear();
    }
    const asked = challenge.parameters.scope?.split(' ').filter((scope) => scope !== '');
    if (asked) this.#askedScopes.set(scopes.join(' '), asked);
    this.#login = { challenge, credentials };
  }

  #denied(reason: string): Error {
    return stepFailure(
      `pull access denied, repository does not exist or may require authorization: ${reason}`,
      { hint: this.#help },
    );
  }

  get #help(): string {
    return `sign in at ${this.#host}: credentials were looked for in ${this.#credentials.description}`;
  }
}

import type { SolveRequest } from '@llb-ts/backend';
import type { ByteStream } from '../../archive/byte-source.ts';
import { decompressAs } from '../../archive/decompress.ts';
import { stepFailure } from '../../error/error.ts';
import type { HttpClient, HttpResponse } from '../../registry/http-client.ts';
import { networkFailure } from '../../registry/network-error.ts';
import type { HttpAttributes } from './http-attributes.ts';

/** Sends the requests of one http source, with the credentials that belong to it. */
export class HttpFetcher {
  readonly #attributes: HttpAttributes;
  readonly #http: HttpClient;
  readonly #secrets: SolveRequest['secrets'];
  readonly #signal: AbortSignal;
  #authorization: Promise<string | undefined> | undefined;

  constructor(
    attributes: HttpAttributes,
    http: HttpClient,
    secrets: SolveRequest['secrets'],
    signal: AbortSignal,
  ) {
    this.#attributes = attributes;
    this.#http = http;
    this.#secrets = secrets;
    this.#signal = signal;
  }

  /** Any answer; fails with code `environment` when there is none. */
  async send(method: 'GET' | 'HEAD', etags: readonly string[]): Promise<HttpResponse> {
    this.#authorization ??= this.#findAuthorization();
    const authorization = await this.#authorization;
    const bare = new URL(this.#attributes.url);
    bare.username = '';
    bare.password = '';
    try {
      return await this.#http.send({
        method,
        url: bare.href,
        headers: {
          'user-agent': 'llb-ts',
          'accept-encoding': 'gzip',
          ...Object.fromEntries(this.#attributes.headers),
          ...(authorization !== undefined && { authorization }),
          ...(etags.length > 0 && { 'if-none-match': etags.join(', ') }),
        },
        signal: this.#signal,
      });
    } catch (error) {
      if (this.#signal.aborted) throw error;
      throw networkFailure(method, this.#attributes.url, error);
    }
  }

  async #findAuthorization(): Promise<string | undefined> {
    const { authHeaderSecret, url } = this.#attributes;
    if (authHeaderSecret !== '') {
      const header = await this.#secrets(authHeaderSecret);
      if (header) return Buffer.from(header).toString('latin1');
      throw stepFailure(
        `failed to retrieve HTTP auth secret ${authHeaderSecret}: secret ${authHeaderSecret}: not found`,
        { hint: `give it: --secret id=${authHeaderSecret},src=FILE` },
      );
    }
    const { hostname, username, password } = new URL(url);
    const token = await this.#secrets(`HTTP_AUTH_TOKEN_${hostname}`);
    if (token) return `Bearer ${Buffer.from(token).toString('latin1')}`;
    const header = await this.#secrets(`HTTP_AUTH_HEADER_${hostname}`);
    if (header) return Buffer.from(header).toString('latin1');
    if (username === '' && password === '') return undefined;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  }
}

/** The body as Go's client hands it out: unpacked where only the transport was packed. */
export function decodedBody({ body, headers }: HttpResponse): ByteStream {
  return headers['content-encoding']?.toLowerCase() === 'gzip' ? decompressAs('gzip', body) : body;
}

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { redactUrls, SolveFailure, type SolveRequest } from '@llb-ts/backend';
import { parseBlobDigest } from '../../blob/blob-digest.ts';
import type { Ref } from '../../chain/ref.ts';
import type { RefStore } from '../../chain/ref-store.ts';
import { stepFailure } from '../../error/error.ts';
import { lstat, removeTree } from '../../host/files.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import { bytesOf, textOf } from '../../name/bytes.ts';
import type { HttpClient, HttpResponse } from '../../registry/http-client.ts';
import type { Workbench } from '../../work/operation.ts';
import { singleFile } from '../contract/single-file.ts';
import type { Source, SourceInstance } from '../contract/source.ts';
import { TransferProgress } from '../contract/transfer-progress.ts';
import { verifyPgp } from '../signature/pgp.ts';
import { type HttpAttributes, type HttpSignatureAttributes, parseHttpAttributes } from './http-attributes.ts';
import { decodedBody, HttpFetcher } from './http-fetcher.ts';
import type { HttpRecords } from './http-records.ts';
import { responseName } from './response-name.ts';

export interface HttpSourceOptions {
  readonly layers: LayerStore;
  readonly refs: RefStore;
  readonly records: HttpRecords;
  readonly http: HttpClient;
  readonly secrets: SolveRequest['secrets'];
}

/** `http://` and `https://`: one file from the web (`source/http`). */
export function httpSource(options: HttpSourceOptions): Source {
  return {
    schemes: ['http', 'https'],
    open: ({ scheme, locator, attrs }) =>
      new HttpInstance(parseHttpAttributes(scheme, locator, attrs), options),
  };
}

/** A file that is in the store. */
interface Downloaded {
  readonly name: string;
  readonly digest: string;
  readonly lastModified: string;
  readonly ref: Ref;
}

class HttpInstance implements SourceInstance {
  readonly #attributes: HttpAttributes;
  readonly #options: HttpSourceOptions;
  #downloaded: Downloaded | undefined;

  constructor(attributes: HttpAttributes, options: HttpSourceOptions) {
    this.#attributes = attributes;
    this.#options = options;
  }

  /** A checksum alone needs no request. Without one, or to check a signature, the content has to be here. */
  async resolve(work: Workbench): Promise<Readonly<Record<string, unknown>>> {
    const { url, checksum, file, signature } = this.#attributes;
    if (checksum === '') this.#downloaded = await this.#revalidate(work);
    else if (signature) this.#downloaded = await this.#byChecksum(work);
    if (this.#downloaded && signature) await this.#verify(this.#downloaded, signature, work);
    if (checksum !== '') return this.#key(responseName(file.filename, url, undefined), checksum, '');
    const { name, digest, lastModified } = this.#downloaded!;
    return this.#key(name, digest, lastModified);
  }

  async fetch(work: Workbench): Promise<Ref | undefined> {
    this.#downloaded ??= await this.#byChecksum(work);
    return this.#downloaded.ref;
  }

  async #byChecksum(work: Workbench): Promise<Downloaded> {
    const response = await this.#fetcher(work).send('GET', []);
    return this.#download(response, this.#attributes.checksum, work);
  }

  async #verify(
    { name, ref }: Downloaded,
    attributes: HttpSignatureAttributes,
    work: Workbench,
  ): Promise<void> {
    const content = work.view(ref).lookup(`/${bytesOf(name)}`);
    if (!content) throw new Error(`Internal error: ${name} is not in its own layer`);
    const folder = this.#options.layers.stage();
    try {
      const file = textOf(content.hostPath);
      await verifyPgp({ ...attributes, file, rejectExpired: false, folder, signal: work.signal });
    } catch (error) {
      if (!(error instanceof SolveFailure) || error.code !== 'step') throw error;
      throw stepFailure(`failed to verify pgp signature: ${error.message}`, {
        hint: redactUrls(this.#attributes.url),
      });
    } finally {
      removeTree(folder);
    }
  }

  #key(name: string, digest: string, lastModified: string): Readonly<Record<string, unknown>> {
    const { file, authHeaderSecret, headers } = this.#attributes;
    return {
      kind: 'http',
      ...file,
      filename: name,
      digest,
      ...(lastModified !== '' && { lastModified: normalTime(lastModified) }),
      ...(authHeaderSecret !== '' && { authHeaderSecret }),
      ...(headers.length > 0 && { headers }),
    };
  }

  /** Asks whether what was downloaded before still stands, and downloads it if not. */
  async #revalidate(work: Workbench): Promise<Downloaded> {
    const fetcher = this.#fetcher(work);
    const known = this.#known();
    const tags = [...known.keys()];
    // Some servers send tags but do not understand them: compare by hand first.
    if (tags.length > 0) {
      const head = await fetcher.send('HEAD', tags).catch(() => undefined);
      await head?.drop();
      const same =
        head && (head.status === 200 || head.status === 304) ? known.get(tagOf(head, tags)) : undefined;
      if (head && same && this.#isStillNamed(same, head)) return same;
    }
    const response = await fetcher.send('GET', tags);
    if (response.status === 304) {
      await response.drop();
      const tag = tagOf(response, tags);
      const same = known.get(tag);
      if (!same) throw stepFailure(`invalid not-modified ETag: ${tag}`);
      if (this.#isStillNamed(same, response)) return same;
      return this.#download(await fetcher.send('GET', []), '', work);
    }
    return this.#download(response, '', work);
  }

  /** That nothing has changed may be said without the name. */
  #isStillNamed({ name }: Downloaded, { status, headers }: HttpResponse): boolean {
    const disposition = headers['content-disposition'];
    if (status === 304 && disposition === undefined) return true;
    return responseName(this.#attributes.file.filename, this.#attributes.url, disposition) === name;
  }

  /** Earlier downloads whose content is still here, by tag. */
  #known(): ReadonlyMap<string, Downloaded> {
    const { records, refs, layers } = this.#options;
    const known = new Map<string, Downloaded>();
    for (const record of records.get(this.#attributes)) {
      const ref = refs.load(record.ref);
      if (ref?.kind === 'layer' && layers.has(ref.layer)) known.set(record.etag, { ...record, ref });
    }
    return known;
  }

  /** @param checksum what the content must be; empty for anything */
  async #download(response: HttpResponse, checksum: string, work: Workbench): Promise<Downloaded> {
    await checkStatus(response);
    const { url, file } = this.#attributes;
    const { headers } = response;
    const name = responseName(
      file.filename,
      url,
      checksum === '' ? headers['content-disposition'] : undefined,
    );
    const lastModified = headers['last-modified'] ?? '';
    const stage = this.#options.layers.stage();
    try {
      const target = `${stage}/content`;
      const digest = await save(response, target, checksum, work);
      if (checksum !== '' && digest !== checksum) {
        throw stepFailure(`digest mismatch ${digest}: ${checksum}`, {
          hint: `${redactUrls(url)} is ${digest}, expected was ${checksum}: if the file was meant to change, say so in the build`,
        });
      }
      const content = { stat: lstat(target)!, hostPath: target, source: target };
      const mtimeNs = BigInt(Date.parse(lastModified) || 0) * 1_000_000n;
      const description = `http url ${redactUrls(url)}`;
      const ref = await singleFile({ name, content, attributes: file, mtimeNs, description }, work);
      const etag = tagOf(response, []);
      if (etag !== '' && checksum === '') {
        this.#options.records.put(this.#attributes, { etag, name, digest, lastModified, ref: ref.id });
      }
      return { name, digest, lastModified, ref };
    } finally {
      removeTree(stage);
    }
  }

  #fetcher(work: Workbench): HttpFetcher {
    return new HttpFetcher(this.#attributes, this.#options.http, this.#options.secrets, work.signal);
  }
}

/** Writes a body to a file and tells its digest, by the algorithm of `like`. */
async function save(response: HttpResponse, target: string, like: string, work: Workbench): Promise<string> {
  const algorithm = like === '' ? 'sha256' : parseBlobDigest(like).algorithm;
  const hash = createHash(algorithm);
  const total = Number(response.headers['content-length']) || 0;
  const progress = new TransferProgress({ id: redactUrls(response.url), name: 'downloading', total }, work);
  const fd = fs.openSync(target, 'wx', 0o600);
  try {
    for await (const chunk of decodedBody(response)) {
      for (let at = 0; at < chunk.length; ) at += fs.writeSync(fd, chunk, at);
      hash.update(chunk);
      progress.advance(chunk.length);
    }
  } finally {
    fs.closeSync(fd);
  }
  progress.done();
  return `${algorithm}:${hash.digest('hex')}`;
}

async function checkStatus(response: HttpResponse): Promise<void> {
  if (response.status >= 200 && response.status < 400) return;
  await response.drop();
  throw stepFailure(`invalid response status ${response.status}`, { hint: statusHint(response) });
}

function statusHint({ status, url }: HttpResponse): string {
  const { hostname } = new URL(url);
  const advice: Readonly<Record<number, string>> = {
    401: `it wants to know who asks: give --secret id=HTTP_AUTH_TOKEN_${hostname},src=FILE`,
    403: `access is denied: are the secrets HTTP_AUTH_TOKEN_${hostname} and AuthHeaderSecret right?`,
    404: 'no such file is there: check the URL',
    410: 'the file was there and is gone: check the URL',
  };
  return `${redactUrls(url)}: expected a status below 400, got ${status}; ${advice[status] ?? 'try again, or ask who runs the server'}`;
}

/** The tag of an answer; where it says none and only one was asked about, that one. */
function tagOf({ headers, status }: HttpResponse, asked: readonly string[]): string {
  const tag = (headers.etag ?? '').replace(/^W\//, '');
  return tag === '' && status === 304 && asked.length === 1 ? asked[0]! : tag;
}

/** As Go writes a time that it has read; what is no time counts as none. */
function normalTime(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? '' : new Date(time).toUTCString();
}

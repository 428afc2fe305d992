/** Helpers of the tests in this folder and of those that need a registry. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CredentialSource } from '@llb-ts/backend';
import { type Descriptor, MediaType } from '../descriptor.ts';

export type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void | Promise<void>;

/** A web server on this machine whose answers a test writes. */
export class ScriptedServer {
  /** `METHOD /path?query`, in order. */
  readonly requests: string[] = [];
  /** Headers of those. */
  readonly headers: http.IncomingHttpHeaders[] = [];
  answer: Answer = (_, response) => void response.writeHead(404).end();
  readonly #server = http.createServer((request, response) => {
    this.requests.push(`${request.method} ${request.url}`);
    this.headers.push(request.headers);
    void this.answer(request, response);
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The content of a registry: blobs by digest, tags and digests of manifests. */
export class RegistryContent {
  readonly #blobs = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>();
  readonly #tags = new Map<string, string>();

  blob(bytes: Uint8Array | string, mediaType = 'application/octet-stream'): Descriptor {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, { bytes: Buffer.from(bytes), mediaType });
    return { mediaType, digest, size: Buffer.byteLength(Buffer.from(bytes)) };
  }

  /** A manifest or index under a tag. */
  document(tag: string, mediaType: string, content: object): Descriptor {
    const descriptor = this.blob(JSON.stringify(content), mediaType);
    this.#tags.set(tag, descriptor.digest);
    return descriptor;
  }

  /** An image of plain tars, under a tag. */
  image(tag: string, layers: readonly Uint8Array[], architecture = 'amd64'): Descriptor {
    const diff_ids = layers.map(digestOf);
    const config = JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids } });
    return this.document(tag, MediaType.ociManifest, {
      schemaVersion: 2,
      config: this.blob(config, MediaType.ociConfig),
      layers: layers.map((bytes) => this.blob(bytes, 'application/vnd.oci.image.layer.v1.tar')),
    });
  }

  /** Answers as a registry does. */
  readonly serve: Answer = (request, response) => {
    const [, kind, name = ''] = /\/(manifests|blobs)\/([^?]+)/.exec(request.url ?? '') ?? [];
    const digest = kind === 'manifests' ? (this.#tags.get(name) ?? name) : name;
    const found = this.#blobs.get(digest);
    if (!found)
      return void response.writeHead(404).end('{"errors":[{"code":"UNKNOWN","message":"not here"}]}');
    const { bytes, mediaType } = found;
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    response.writeHead(from ? 206 : 200, {
      'content-type': mediaType,
      'content-length': bytes.length - start,
      'docker-content-digest': digest,
      ...(from && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start));
  };
}

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The same credentials for every host. */
export function fixedCredentials(username = '', secret = ''): CredentialSource {
  return { description: 'the test', get: async () => ({ username, secret }) };
}

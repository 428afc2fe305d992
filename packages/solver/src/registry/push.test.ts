import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Descriptor } from './descriptor.ts';
import { type PushBlobOptions, RegistryPusher } from './push.ts';
import { parseReference } from './reference.ts';
import { RegistryClient } from './registry-client.ts';

/** A registry in memory that can be told to misbehave. */
class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, string>();
  readonly uploads = new Map<string, Buffer>();
  readonly requests: string[] = [];
  readonly mountable = new Set<string>();
  /** Bytes of a body after which the connection is cut, once. */
  cutAfter: number | undefined;
  /** Status of the next PUT that closes an upload; used once. */
  failNextFinish: number | undefined;
  readonly server = http.createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://fake');
    const method = request.method ?? '';
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    const [, upload] = /\/blobs\/uploads\/(.+)$/.exec(url.pathname) ?? [];
    const [, digest] = /\/blobs\/(sha256:.+)$/.exec(url.pathname) ?? [];
    const [, name] = /\/manifests\/(.+)$/.exec(url.pathname) ?? [];
    if (method === 'HEAD' && digest) return void response.writeHead(this.blobs.has(digest) ? 200 : 404).end();
    if (method === 'POST') return this.#startUpload(url, response);
    if (method === 'GET' && upload) return this.#status(upload, response);
    if (method === 'PATCH' && upload) return this.#append(upload, request, response);
    if (method === 'PUT' && upload) return this.#finish(upload, url, response);
    if (method === 'PUT' && name) {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.manifests.set(name, `${request.headers['content-type']} ${Buffer.concat(chunks)}`);
      return void response.writeHead(201, { 'docker-content-digest': digestOf(Buffer.concat(chunks)) }).end();
    }
    response.writeHead(400).end();
  }

  #startUpload(url: URL, response: http.ServerResponse): void {
    const wanted = url.searchParams.get('mount');
    if (wanted && this.mountable.has(`${url.searchParams.get('from')} ${wanted}`)) {
      this.blobs.set(wanted, Buffer.alloc(0));
      return void response.writeHead(201).end();
    }
    const id = `u${this.uploads.size}`;
    this.uploads.set(id, Buffer.alloc(0));
    response.writeHead(202, { location: `/v2/repo/blobs/uploads/${id}?state=1` }).end();
  }

  #status(id: string, response: http.ServerResponse): void {
    const { length } = this.uploads.get(id) ?? [];
    if (length === undefined) return void response.writeHead(404).end();
    response.writeHead(204, { range: `0-${Math.max(0, length - 1)}` }).end();
  }

  async #append(id: string, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      for await (const chunk of request) {
        const so = Buffer.concat([this.uploads.get(id)!, chunk as Buffer]);
        if (this.cutAfter !== undefined && so.length >= this.cutAfter) {
          this.uploads.set(id, so.subarray(0, this.cutAfter));
          this.cutAfter = undefined;
          return void request.socket.destroy();
        }
        this.uploads.set(id, so);
      }
    } catch {
      return; // The client has gone.
    }
    response.writeHead(202, { location: `/v2/repo/blobs/uploads/${id}?state=2` }).end();
  }

  #finish(id: string, url: URL, response: http.ServerResponse): void {
    if (this.failNextFinish !== undefined) {
      response.writeHead(this.failNextFinish).end();
      this.failNextFinish = undefined;
      return;
    }
    const digest = url.searchParams.get('digest') ?? '';
    const bytes = this.uploads.get(id)!;
    if (digestOf(bytes) !== digest)
      return void response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
    this.blobs.set(digest, bytes);
    response.writeHead(201).end();
  }
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const content = Buffer.alloc(3_000_000, 'some bytes that go over the wire ');
const blob: Descriptor = {
  mediaType: 'application/octet-stream',
  digest: digestOf(content),
  size: content.length,
};
let registry: FakeRegistry;
let client: RegistryClient;
let pusher: RegistryPusher;
let opened: number[];
let retries: string[];

beforeEach(async () => {
  registry = new FakeRegistry();
  const host = await registry.start();
  const anonymous = { description: 'nowhere', get: async () => ({ username: '', secret: '' }) };
  client = new RegistryClient({ credentials: anonymous });
  pusher = new RegistryPusher(client.repository(parseReference(`${host}/repo:latest`)));
  [opened, retries] = [[], []];
});
afterEach(async () => {
  await client.close();
  await registry.stop();
});

function options(more: Partial<PushBlobOptions> = {}): PushBlobOptions {
  return {
    async *open(offset) {
      opened.push(offset);
      for (let i = offset; i < content.length; i += 65_536) yield content.subarray(i, i + 65_536);
    },
    from: [],
    signal: new AbortController().signal,
    onRetry: (reason) => retries.push(reason),
    ...more,
  };
}

describe('RegistryPusher', () => {
  it('sends a blob, and does not send it again', async () => {
    const seen: number[] = [];
    expect(await pusher.blob(blob, options({ onProgress: (bytes) => seen.push(bytes) }))).toBe('sent');
    expect(registry.blobs.get(blob.digest)?.equals(content)).toBe(true);
    expect(seen.at(-1)).toBe(content.length);
    expect(await pusher.blob(blob, options())).toBe('exists');
    expect(opened).toEqual([0]);
  });

  it('takes a blob over from another repository', async () => {
    registry.mountable.add(`other ${blob.digest}`);
    expect(await pusher.blob(blob, options({ from: ['nowhere', 'other'] }))).toBe('sent');
    registry.blobs.clear();
    expect(await pusher.blob(blob, options({ from: ['other'] }))).toBe('mounted');
    expect(opened).toEqual([0]);
  });

  it('goes on where a cut upload stopped', async () => {
    registry.cutAfter = 1_000_000;
    expect(await pusher.blob(blob, options())).toBe('sent');
    expect(registry.blobs.get(blob.digest)?.equals(content)).toBe(true);
    expect(opened).toEqual([0, 1_000_000]);
    expect(retries).toHaveLength(1);
  });

  it('closes an upload again when the registry stumbles, without sending it again', async () => {
    registry.failNextFinish = 503;
    expect(await pusher.blob(blob, options())).toBe('sent');
    expect(opened).toEqual([0]);
  });

  it('says what the registry says, when it says no', async () => {
    const wrong = { ...blob, digest: digestOf(Buffer.from('other')) };
    await expect(pusher.blob(wrong, options())).rejects.toThrow(
      /unexpected status from PUT request to .*: 400 Bad Request: DIGEST_INVALID/,
    );
  });

  it('fails when nobody is there', async () => {
    await registry.stop();
    await expect(pusher.blob(blob, options())).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/^failed to do request: Head "http:.*connection refused$/),
    });
    await registry.start();
  });

  it('puts a manifest under a tag', async () => {
    const bytes = Buffer.from('{}');
    const descriptor = { mediaType: 'application/vnd.test', digest: digestOf(bytes), size: 2 };
    await pusher.manifest({ bytes, descriptor }, 'v1', new AbortController().signal);
    expect(registry.manifests.get('v1')).toBe('application/vnd.test {}');
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReference } from './reference.ts';
import { RegistryClient, type RegistryRepository, readAll } from './registry-client.ts';
import type { RegistryConfig } from './registry-hosts.ts';
import {
  type Answer,
  digestOf,
  fixedCredentials,
  RegistryContent,
  ScriptedServer,
} from './testing/registry-server.ts';

let server: ScriptedServer;
let content: RegistryContent;
const clients: RegistryClient[] = [];

beforeEach(async () => {
  server = await new ScriptedServer().start();
  content = new RegistryContent();
  server.answer = content.serve;
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.stop();
});

function repository(
  object = ':latest',
  { username = '', secret = '', config = {} as RegistryConfig, host = server.host } = {},
): RegistryRepository {
  const client = new RegistryClient({
    config,
    credentials: fixedCredentials(username, secret),
    retryDelays: [1, 1, 1],
  });
  clients.push(client);
  return client.repository(parseReference(`${host}/a/b${object}`));
}

describe('resolve', () => {
  it('finds a tag with one question', async () => {
    const descriptor = content.image('latest', []);
    expect(await repository().resolve()).toEqual(descriptor);
    expect(server.requests).toEqual(['HEAD /v2/a/b/manifests/latest']);
  });

  it('finds a digest, whatever the tag', async () => {
    const descriptor = content.image('latest', []);
    expect(await repository(`:nothing@${descriptor.digest}`).resolve()).toEqual(descriptor);
  });

  it('says that nothing is there', async () => {
    await expect(repository(':none').resolve()).rejects.toThrow(`${server.host}/a/b:none: not found`);
  });

  it('hashes a manifest whose digest it is not told', async () => {
    const descriptor = content.image('latest', []);
    server.answer = (request, response) => {
      if (request.method === 'HEAD')
        return void response.writeHead(200, { 'content-type': descriptor.mediaType }).end();
      return content.serve(request, response);
    };
    expect(await repository().resolve()).toEqual(descriptor);
  });

  it('asks by GET where HEAD is not known', async () => {
    const descriptor = content.image('latest', []);
    server.answer = (request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(405).end();
      return content.serve(request, response);
    };
    expect((await repository().resolve()).digest).toBe(descriptor.digest);
  });

  it('tells why a registry refuses', async () => {
    server.answer = (_, response) =>
      void response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"from your network"}]}');
    await expect(repository().resolve()).rejects.toThrow(
      /unexpected status from HEAD request to http:\/\/127\.0\.0\.1:\d+\/v2\/a\/b\/manifests\/latest: 403 Forbidden/,
    );
  });

  it('tries once more after a server error, and after being told to wait', async () => {
    content.image('latest', []);
    for (const status of [500, 429]) {
      let first = true;
      server.answer = (request, response) => {
        if (!first) return content.serve(request, response);
        first = false;
        response.writeHead(status, { 'retry-after': '0' }).end();
      };
      await expect(repository().resolve()).resolves.toBeDefined();
    }
  });

  it('names an address that nobody listens at', async () => {
    const { host } = server;
    await server.stop();
    await expect(repository(':latest', { host }).resolve()).rejects.toMatchObject({
      code: 'environment',
      message: `failed to do request: Head "http://${host}/v2/a/b/manifests/latest": dial tcp ${host}: connect: connection refused`,
    });
    server = await new ScriptedServer().start();
  });
});

describe('mirrors', () => {
  let mirror: ScriptedServer;
  beforeEach(async () => {
    mirror = await new ScriptedServer().start();
  });
  afterEach(() => mirror.stop());

  it('are asked first, with the namespace that is meant', async () => {
    const descriptor = content.image('latest', []);
    mirror.answer = content.serve;
    const config = { [server.host]: { mirrors: [`${mirror.host}/cache`] } };
    const mirrored = repository(':latest', { config });
    expect(await mirrored.resolve()).toEqual(descriptor);
    await readAll(mirrored.fetch(descriptor), 1e6);
    const ns = encodeURIComponent(server.host);
    expect(mirror.requests).toEqual([
      `HEAD /v2/cache/a/b/manifests/latest?ns=${ns}`,
      `GET /v2/cache/a/b/manifests/${descriptor.digest}?ns=${ns}`,
    ]);
    expect(server.requests).toEqual([]);
  });

  it('are passed over when they have nothing, fail, or are gone', async () => {
    const descriptor = content.image('latest', []);
    const config = { [server.host]: { mirrors: [mirror.host] } };
    expect(await repository(':latest', { config }).resolve()).toEqual(descriptor);
    mirror.answer = (_, response) => void response.writeHead(500).end();
    expect(await repository(':latest', { config }).resolve()).toEqual(descriptor);
    await mirror.stop();
    const mirrored = repository(':latest', { config });
    expect(await mirrored.resolve()).toEqual(descriptor);
    expect(digestOf(await readAll(mirrored.fetch(descriptor), 1e6))).toBe(descriptor.digest);
    mirror = await new ScriptedServer().start();
  });
});

describe('fetch', () => {
  const bytes = Buffer.alloc(300_000, 'abcdefghij');

  async function collect(open: RegistryRepository): Promise<{ bytes: Buffer; retries: string[] }> {
    const retries: string[] = [];
    const stream = open.fetch(content.blob(bytes), { onRetry: (reason) => retries.push(reason) });
    return { bytes: await readAll(stream, 1e6), retries };
  }

  it('goes on where a connection was cut', async () => {
    let cuts = 2;
    server.answer = (request, response) => {
      if (cuts-- <= 0) return content.serve(request, response);
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': bytes.length - from,
        ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      });
      response.write(bytes.subarray(from, from + 100_000), () =>
        setTimeout(() => request.socket.destroy(), 20),
      );
    };
    const got = await collect(repository());
    expect(got.bytes.equals(bytes)).toBe(true);
    expect(got.retries).toHaveLength(2);
    expect(server.headers.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('passes over what it has when the server knows no ranges', async () => {
    let first = true;
    server.answer = (request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      if (!first) return void response.end(bytes);
      first = false;
      response.write(bytes.subarray(0, 100_000), () => setTimeout(() => request.socket.destroy(), 20));
    };
    expect((await collect(repository())).bytes.equals(bytes)).toBe(true);
  });

  it('tries again after server errors, and gives up', async () => {
    let failures = 2;
    server.answer = (request, response) => {
      if (failures-- > 0) return void response.writeHead(502).end();
      return content.serve(request, response);
    };
    expect((await collect(repository())).bytes.equals(bytes)).toBe(true);
    failures = 100;
    await expect(collect(repository())).rejects.toThrow('502');
  });

  it('takes no more than the descriptor says, and no range that it did not ask for', async () => {
    server.answer = (_, response) => void response.end(Buffer.concat([bytes, bytes]));
    await expect(collect(repository())).rejects.toThrow(
      `httpReadSeeker: read past expected size ${bytes.length}`,
    );
    let first = true;
    server.answer = (request, response) => {
      if (first) {
        first = false;
        response.writeHead(200, { 'content-length': bytes.length });
        return void response.write('abc', () => setTimeout(() => request.socket.destroy(), 20));
      }
      response.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end('xyz');
    };
    await expect(collect(repository())).rejects.toThrow('unhandled content range in response: bytes 7-9/10');
  });

  it('stops when it is told to', async () => {
    server.answer = (_, response) =>
      void response.writeHead(200, { 'content-length': bytes.length }).write('abc');
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(
      readAll(repository().fetch(content.blob(bytes), { signal: abort.signal }), 1e6),
    ).rejects.toThrow();
  });

  it('finds a blob by its digest alone', async () => {
    const { digest } = content.blob(bytes);
    expect((await readAll(repository().fetchByDigest(digest), 1e6)).equals(bytes)).toBe(true);
    await expect(readAll(repository().fetchByDigest(digestOf('none')), 1e6)).rejects.toThrow(
      `could not fetch content ${digestOf('none')} from remote: not found`,
    );
  });
});

describe('signing in', () => {
  const isBasic = (header: string | undefined, who: string) =>
    header === `Basic ${Buffer.from(who).toString('base64')}`;

  it('answers a basic challenge', async () => {
    const descriptor = content.image('latest', []);
    server.answer = (request, response) => {
      if (isBasic(request.headers.authorization, 'me:secret')) return content.serve(request, response);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
    };
    expect(await repository(':latest', { username: 'me', secret: 'secret' }).resolve()).toEqual(descriptor);
    await expect(repository(':latest', { username: 'me', secret: 'wrong' }).resolve()).rejects.toThrow(
      'pull access denied, repository does not exist or may require authorization',
    );
  });

  it('says which host wants credentials, and where they were looked for', async () => {
    server.answer = (_, response) =>
      void response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
    await expect(repository().resolve()).rejects.toMatchObject({
      message: expect.stringContaining('no basic auth credentials'),
      details: { hint: `sign in at ${server.host}: credentials were looked for in the test` },
    });
  });

  /** A registry that wants tokens, and its token server. */
  function withTokens(token: (request: Parameters<Answer>[0]) => object | number): void {
    const valid = new Set<string>();
    server.answer = (request, response) => {
      if (request.url?.startsWith('/token')) {
        const answer = token(request);
        if (typeof answer === 'number') return void response.writeHead(answer).end();
        valid.add(
          String((answer as { token?: string }).token ?? (answer as { access_token?: string }).access_token),
        );
        return void response.end(JSON.stringify(answer));
      }
      const bearer = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
      if (bearer !== undefined && valid.delete(bearer)) return content.serve(request, response);
      const error = bearer === undefined ? '' : ',error="invalid_token"';
      response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="http://${server.host}/token",service="reg",scope="repository:a/b:pull"${error}`,
        })
        .end();
    };
  }

  it('gets a token for what it wants, and another when one has grown old', async () => {
    const descriptor = content.image('latest', []);
    let serial = 0;
    withTokens(() => ({ token: `t${serial++}`, expires_in: 300 }));
    const repo = repository(':latest', { username: 'me', secret: 'pw' });
    expect(await repo.resolve()).toEqual(descriptor);
    // Each token works once here; the client thinks it still holds.
    expect(await repo.resolve()).toEqual(descriptor);
    expect(server.requests.filter((one) => one.includes('/token'))).toEqual([
      'GET /token?service=reg&scope=repository%3Aa%2Fb%3Apull',
      'GET /token?service=reg&scope=repository%3Aa%2Fb%3Apull',
    ]);
    const asked = server.headers[server.requests.findIndex((one) => one.includes('/token'))];
    expect(isBasic(asked?.authorization, 'me:pw')).toBe(true);
  });

  it('is anonymous without credentials', async () => {
    content.image('latest', []);
    withTokens((request) => (request.headers.authorization ? 400 : { access_token: 'anon' }));
    await expect(repository().resolve()).resolves.toBeDefined();
  });

  it('posts where a token server wants that, and always for an identity token', async () => {
    content.image('latest', []);
    withTokens((request) => (request.method === 'POST' ? { access_token: 'posted' } : 405));
    await expect(repository(':latest', { username: 'me', secret: 'pw' }).resolve()).resolves.toBeDefined();
    server.requests.length = 0;
    await expect(repository(':latest', { secret: 'idtoken' }).resolve()).resolves.toBeDefined();
    expect(server.requests.filter((one) => one.includes('/token'))).toEqual(['POST /token']);
  });

  it('lets no redirect of the token server lead an identity token elsewhere', async () => {
    content.image('latest', []);
    const other = await new ScriptedServer().start();
    const bodies: string[] = [];
    other.answer = async (request, response) => {
      for await (const chunk of request) bodies.push(String(chunk));
      response.writeHead(200).end('{"access_token":"x"}');
    };
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        server.answer = (request, response) => {
          if (request.url?.startsWith('/token')) {
            response.writeHead(status, { location: `http://${other.host}/token` }).end();
          } else {
            const realm = `Bearer realm="http://${server.host}/token",service="reg"`;
            response.writeHead(401, { 'www-authenticate': realm }).end();
          }
        };
        const wanted = repository(':latest', { secret: 'idtoken' }).resolve();
        if (status >= 307) await expect(wanted).rejects.toThrow('must not get the credentials');
        else await expect(wanted).rejects.toThrow();
      }
      expect(bodies.join()).toBe('');
      expect(other.headers.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  it('tells when no token is to be had', async () => {
    withTokens(() => 403);
    await expect(repository(':latest', { username: 'me', secret: 'pw' }).resolve()).rejects.toThrow(
      /^failed to fetch oauth token: unexpected status from GET request to http:.*: 403$/,
    );
    withTokens(() => ({ nothing: true }));
    await expect(repository().resolve()).rejects.toThrow(
      'failed to fetch anonymous token: authorization server did not include a token in the response',
    );
  });

  it('sends credentials to no other host', async () => {
    const elsewhere = await new ScriptedServer().start();
    try {
      const blob = content.blob('blob');
      elsewhere.answer = content.serve;
      server.answer = (request, response) => {
        if (!request.headers.authorization) {
          return void response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end();
        }
        response
          .writeHead(307, { location: `http://${elsewhere.host}/v2/x/blobs/${blob.digest}?signed=1` })
          .end();
      };
      const repo = repository(':latest', { username: 'me', secret: 'pw' });
      expect((await readAll(repo.fetch(blob), 100)).toString()).toBe('blob');
      expect(server.headers.at(-1)?.authorization).toBeDefined();
      expect(elsewhere.headers[0]?.authorization).toBeUndefined();
    } finally {
      await elsewhere.stop();
    }
  });

  it('stops going round in redirects', async () => {
    server.answer = (request, response) =>
      void response.writeHead(302, { location: request.url ?? '' }).end();
    await expect(repository().resolve()).rejects.toThrow('stopped after 10 redirects');
  });
});

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LayerRef } from '../../chain/ref.ts';
import { dump } from '../../layer/testing/layers.ts';
import { HttpClient } from '../../registry/http-client.ts';
import { ScriptedServer } from '../../registry/testing/registry-server.ts';
import { hasProgram } from '../signature/testing/programs.ts';
import { type SourceBench, sourceBench } from '../testing/workbench.ts';
import { HttpRecords } from './http-records.ts';
import { httpSource } from './http-source.ts';

let bench: SourceBench;
let server: ScriptedServer;
let http: HttpClient;

beforeEach(async () => {
  bench = sourceBench();
  server = await new ScriptedServer().start();
  http = new HttpClient();
});
afterEach(async () => {
  await http.close();
  await server.stop();
});

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function open(
  path: string,
  attrs: Record<string, string> = {},
  secrets: Record<string, string> = {},
  user = '',
) {
  const source = httpSource({
    ...bench,
    records: new HttpRecords(bench.store),
    http,
    secrets: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])),
  });
  return source.open({ scheme: 'http', locator: `${user}${server.host}${path}`, attrs, platform: undefined });
}

async function bring(...args: Parameters<typeof open>) {
  const instance = open(...args);
  const key = await instance.resolve(bench.work);
  const ref = (await instance.fetch(bench.work)) as LayerRef;
  return { key, ref, shown: dump(await bench.treeOf(ref), { times: true }) };
}

function serve(content: string, headers: Record<string, string> = {}): void {
  server.answer = (request, response) => {
    if (headers.etag !== undefined && request.headers['if-none-match']?.includes(headers.etag)) {
      return void response.writeHead(304, headers).end();
    }
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : content);
  };
}

describe('a file from the web', () => {
  it('has the last name of the URL, mode 0600 and no time', async () => {
    serve('hello');
    const { shown, key, ref } = await bring('/a/file.txt?x=1');
    expect(shown).toEqual(['/file.txt file 600 0:0 "hello" @0']);
    expect(key).toMatchObject({ filename: 'file.txt', digest: sha256('hello') });
    expect(ref.description).toBe(`http url http://${server.host}/a/file.txt?x=1`);
  });

  it.each([
    [{ 'content-disposition': 'attachment; filename="../from server.txt"' }, '/x', 'from server.txt'],
    [
      { 'content-disposition': "attachment; filename=a.txt; filename*=UTF-8''b%20%C3%A4.txt" },
      '/x',
      'b ä.txt',
    ],
    [{ 'content-disposition': 'attachment; filename="dir/"' }, '/x', 'x'],
    [{}, '/', 'download'],
    [{}, '/a%20b', 'a b'],
  ])('is named after %j or %s: %s', async (headers, path, name) => {
    serve('x', headers as Record<string, string>);
    expect((await bring(path)).key).toMatchObject({ filename: name });
  });

  it('refuses a name of the server that no file can have', async () => {
    serve('x', { 'content-disposition': `attachment; filename="${'n'.repeat(300)}"` });
    await expect(bring('/x')).rejects.toMatchObject({
      code: 'step',
      message: expect.stringMatching(/^open \/n+…: file name too long$/),
    });
    expect((await bring('/x', { 'http.filename': 'mine' })).key).toMatchObject({ filename: 'mine' });
  });

  it('takes name, mode, owner and time as told', async () => {
    serve('x', { 'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT' });
    const attrs = {
      'http.filename': 'mine',
      'http.perm': '0755',
      ...(process.getuid?.() === 0 && { 'http.uid': '7' }),
    };
    const { shown, key } = await bring('/x', attrs);
    expect(shown).toEqual([`/mine file 755 ${process.getuid?.() === 0 ? 7 : 0}:0 "x" @1000000000000000000`]);
    expect(key).toMatchObject({ lastModified: 'Sun, 09 Sep 2001 01:46:40 GMT', perm: 0o755 });
  });

  it('is unpacked where only the transport was packed', async () => {
    server.answer = (_, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'));
    expect((await bring('/f')).shown).toEqual(['/f file 600 0:0 "plain" @0']);
  });

  it('follows redirects, and is named after the first URL', async () => {
    server.answer = (request, response) => {
      if (request.url === '/old') return void response.writeHead(302, { location: '/new' }).end();
      response.end('moved');
    };
    expect((await bring('/old')).shown).toEqual(['/old file 600 0:0 "moved" @0']);
  });

  it('keeps its name when the server says only that nothing has changed', async () => {
    const name = { 'content-disposition': 'attachment; filename=first' };
    server.answer = ({ headers }, response) => {
      if (headers['if-none-match']) return void response.writeHead(304, { etag: '"1"' }).end();
      response.writeHead(200, { etag: '"1"', ...name }).end('x');
    };
    const before = await bring('/named');
    const again = await bring('/named');
    expect(again.key).toEqual(before.key);
    expect(again.shown).toEqual(before.shown);
    name['content-disposition'] = 'attachment; filename=second';
    serve('x', { etag: '"1"', ...name });
    expect(await bring('/named')).toMatchObject({
      key: { filename: 'second' },
      shown: ['/second file 600 0:0 "x" @0'],
    });
  });

  it.each([404, 500])('fails for status %d', async (status) => {
    server.answer = (_, response) => void response.writeHead(status).end();
    await expect(bring('/x')).rejects.toThrow(`invalid response status ${status}`);
    await expect(bring('/x', { 'http.checksum': sha256('x') })).rejects.toThrow(
      `invalid response status ${status}`,
    );
  });
});

it.each([{}, { 'content-encoding': 'gzip' }])('leaves nothing of a file that is cut: %j', async (headers) => {
  const content = gzipSync('content'.repeat(1_000));
  server.answer = (_, response) => {
    response.writeHead(200, { 'content-length': 100_000, ...headers }).write(content);
    setTimeout(() => response.destroy(), 20);
  };
  await expect(bring('/f')).rejects.toMatchObject({
    code: 'environment',
    message: `Get "http://${server.host}/f": EOF`,
  });
  expect(fs.readdirSync(`${bench.root}/layers`)).toEqual([]);
  expect(
    fs.readdirSync(`${bench.root}/staging`).flatMap((tag) => fs.readdirSync(`${bench.root}/staging/${tag}`)),
  ).toEqual([]);
});

describe('a checksum', () => {
  it('is the key, without a question', async () => {
    serve('hello');
    const instance = open('/f', { 'http.checksum': sha256('hello') });
    expect(await instance.resolve(bench.work)).toMatchObject({ digest: sha256('hello'), filename: 'f' });
    expect(server.requests).toEqual([]);
    expect(dump(await bench.treeOf(await instance.fetch(bench.work)))).toEqual(['/f file 600 0:0 "hello"']);
  });

  it('must be that of what comes', async () => {
    serve('other');
    await expect(bring('/f', { 'http.checksum': sha256('hello') })).rejects.toThrow(
      `digest mismatch ${sha256('other')}: ${sha256('hello')}`,
    );
    expect(fs.readdirSync(`${bench.root}/layers`)).toEqual([]);
  });

  it('must be one', () => {
    expect(() => open('/f', { 'http.checksum': 'sha256:zz' })).toThrow('invalid checksum digest');
  });
});

describe('asking again', () => {
  it('costs one HEAD where the server knows tags', async () => {
    serve('hello', { etag: '"one"' });
    const first = await bring('/f');
    server.requests.length = 0;
    expect((await bring('/f')).ref).toBe(first.ref);
    expect(server.requests).toEqual(['HEAD /f']);
  });

  it('sees a change', async () => {
    serve('hello', { etag: 'W/"one"' });
    await bring('/f');
    serve('changed', { etag: 'W/"two"' });
    expect((await bring('/f')).shown).toEqual(['/f file 600 0:0 "changed" @0']);
    server.requests.length = 0;
    await bring('/f');
    expect(server.requests).toEqual(['HEAD /f']);
  });

  it('asks by GET where HEAD is refused', async () => {
    serve('hello', { etag: '"one"' });
    const { answer } = server;
    const first = await bring('/f');
    server.answer = (request, response) => {
      if (request.method === 'HEAD') return void response.writeHead(405).end();
      return answer(request, response);
    };
    expect((await bring('/f')).ref).toBe(first.ref);
  });

  it('downloads again what has no tag', async () => {
    serve('hello');
    await bring('/f');
    serve('changed');
    expect((await bring('/f')).shown).toEqual(['/f file 600 0:0 "changed" @0']);
  });
});

describe('credentials', () => {
  const sent = () => server.headers.at(-1)?.authorization;
  beforeEach(() => serve('x'));

  it.each([
    ['a secret by name', { 'http.authheadersecret': 'mine' }, { mine: 'Custom abc' }, '', 'Custom abc'],
    ['a header for the host', {}, { 'HTTP_AUTH_HEADER_127.0.0.1': 'Basic xyz' }, '', 'Basic xyz'],
    ['a token for the host', {}, { 'HTTP_AUTH_TOKEN_127.0.0.1': 'tok' }, '', 'Bearer tok'],
    ['the URL', {}, {}, 'me:p%40ss@', `Basic ${Buffer.from('me:p@ss').toString('base64')}`],
    ['nothing', {}, {}, '', undefined],
  ])('come from %s', async (_, attrs, secrets, user, header) => {
    await bring('/f', attrs as Record<string, string>, secrets as Record<string, string>, user);
    expect(sent()).toBe(header);
  });

  it('do not show', async () => {
    const { ref } = await bring('/f', {}, {}, 'me:secret@');
    expect(ref.description).toBe(`http url http://xxxxx:xxxxx@${server.host}/f`);
    server.answer = (request) => void request.socket.destroy();
    const failed = await bring('/f', {}, {}, 'me:secret@').catch((error: Error) => error.message);
    expect(failed).not.toContain('secret');
  });

  it('must be there when they are named', async () => {
    await expect(bring('/f', { 'http.authheadersecret': 'mine' })).rejects.toThrow(
      'failed to retrieve HTTP auth secret mine',
    );
  });

  it('sends no header but those a definition may set', async () => {
    await bring('/f', {
      'http.header.accept': 'text/x',
      'http.header.user-agent': 'me/1',
      'http.header.x-evil': '1',
    });
    expect(server.headers[0]).toMatchObject({ accept: 'text/x', 'user-agent': 'me/1' });
    expect(server.headers[0]?.['x-evil']).toBeUndefined();
  });
});

describe.runIf(hasProgram('gpg'))('a signature', () => {
  const data = new URL('../signature/testdata/', import.meta.url);
  const read = (name: string) => fs.readFileSync(new URL(name, data), 'utf8');
  const content = read('content');
  const signed = (key: string) => ({
    'http.sig.pubkey': read(`${key}.key.asc`),
    'http.sig.signature': read('ed.sig.asc'),
  });

  it('lets in what was signed, with and without a checksum, new or known', async () => {
    serve(content, { etag: '"one"' });
    for (const attrs of [signed('ed'), signed('ed'), { ...signed('ed'), 'http.checksum': sha256(content) }]) {
      expect((await bring('/f', attrs)).shown).toEqual([`/f file 600 0:0 ${JSON.stringify(content)} @0`]);
    }
    expect(
      fs
        .readdirSync(`${bench.root}/staging`)
        .flatMap((tag) => fs.readdirSync(`${bench.root}/staging/${tag}`)),
    ).toEqual([]);
  });

  it('lets in nothing else, however well known', async () => {
    serve(content, { etag: '"one"' });
    await bring('/f');
    await expect(open('/f', signed('rsa')).resolve(bench.work)).rejects.toThrow(
      /^failed to verify pgp signature: signature by [0-9A-F]{16}: openpgp: signature made by unknown entity$/,
    );
    serve('other');
    for (const checksum of [{}, { 'http.checksum': sha256('other') }]) {
      await expect(open('/f', { ...signed('ed'), ...checksum }).resolve(bench.work)).rejects.toThrow(
        'openpgp: invalid signature',
      );
    }
  });

  it('needs a key', () => {
    const message = 'http signature verification requires both pubkey and signature';
    for (const attrs of [
      { 'http.sig.pubkey': 'k' },
      { 'http.sig.signature': 's' },
      { 'http.sig.pubkey': '' },
    ]) {
      expect(() => open('/f', attrs as Record<string, string>)).toThrow(message);
    }
  });
});

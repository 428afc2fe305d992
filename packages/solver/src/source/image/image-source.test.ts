import fs from 'node:fs';
import path from 'node:path';
import { type Capabilities, defaultRequest, directories } from '@llb-ts/backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { StoredDigests } from '../../cache/digest-memo.ts';
import type { Ref } from '../../chain/ref.ts';
import { dump } from '../../layer/testing/layers.ts';
import { MediaType } from '../../registry/descriptor.ts';
import { digestOf, RegistryContent, ScriptedServer } from '../../registry/testing/registry-server.ts';
import { createSources, type SolveSources } from '../create-sources.ts';
import { sourceOperation } from '../source-operation.ts';
import { SourceStores } from '../source-stores.ts';
import { hollowTar, makeTar } from '../testing/make-tar.ts';
import { type SourceBench, sourceBench } from '../testing/workbench.ts';

let bench: SourceBench;
let server: ScriptedServer;
let content: RegistryContent;
let stores: SourceStores;
const open: SolveSources[] = [];

beforeEach(async () => {
  bench = sourceBench();
  server = await new ScriptedServer().start();
  content = new RegistryContent();
  server.answer = content.serve;
  stores = new SourceStores({
    ...bench,
    store: bench.store,
    digests: new StoredDigests(bench.layers),
    retryDelays: [10, 20],
  });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  await stores.close();
  await server.stop();
});

const lower = makeTar({ name: 'a', content: 'lower' }, { name: 'b', content: 'b' });
const upper = makeTar({ name: 'a', content: 'upper' }, { name: '.wh.b' });
const linux = (architecture: string) => ({
  architecture,
  os: 'linux',
  variant: '',
  osVersion: '',
  osFeatures: [],
});

/** One solve that names one source. */
async function solve(
  identifier: string,
  attrs: Record<string, string> = {},
  { architecture = 'amd64', request = {} as Partial<Capabilities> } = {},
): Promise<{ ref: Ref | undefined; key: unknown; shown: () => Promise<string[]>; sources: SolveSources }> {
  const sources = createSources({ ...defaultRequest, ...request }, stores);
  open.push(sources);
  const operation = sourceOperation({ identifier, attrs }, linux(architecture), sources.sources);
  const { recipe } = await operation.key([], bench.work);
  const [ref] = await operation.run([], bench.work);
  return {
    ref,
    key: recipe.source,
    shown: async () => dump(await bench.treeOf(ref, sources.layers)),
    sources,
  };
}

const image = (object: string) => `docker-image://${server.host}/a/b${object}`;
const blobRequests = () => server.requests.filter((one) => one.startsWith('GET') && one.includes('/blobs/'));

describe('an image of a registry', () => {
  it('is known by its manifest and config; layers come when they are looked at, once', async () => {
    content.image('latest', [lower, upper]);
    const first = await solve(image(':latest'));
    expect(blobRequests()).toHaveLength(1);
    expect(first.ref).toMatchObject({ kind: 'layer', parent: { kind: 'layer' } });
    expect(await first.shown()).toEqual(['/a file 644 0:0 "upper"']);
    expect(blobRequests()).toHaveLength(3);
    const second = await solve(image(':latest'));
    expect(second.ref).toBe(first.ref);
    expect(second.key).toEqual(first.key);
    expect(await second.shown()).toEqual(await first.shown());
    expect(blobRequests()).toHaveLength(3);
  });

  it('is not asked for again by a digest that came from there', async () => {
    const { digest } = content.image('latest', [lower]);
    await solve(image(`@${digest}`));
    server.requests.length = 0;
    await solve(image(`@${digest}`));
    expect(server.requests).toEqual([]);
    // From elsewhere it has to be: not everybody may read there.
    await solve(`docker-image://${server.host}/other/name@${digest}`);
    expect(server.requests).not.toEqual([]);
  });

  it('shares layers with other images', async () => {
    content.image('one', [lower]);
    content.image('two', [lower, upper]);
    const one = await solve(image(':one'));
    await one.shown();
    const two = await solve(image(':two'));
    expect((two.ref as { parent: Ref }).parent).toBe(one.ref);
    await two.shown();
    expect(blobRequests().filter((request) => request.includes(digestOf(lower)))).toHaveLength(1);
  });

  it('hands on the very blob of a layer without unpacking it', async () => {
    content.image('latest', [lower]);
    const { ref, sources } = await solve(image(':latest'));
    expect(await sources.blobOf(ref!.id)).toMatchObject({ digest: digestOf(lower), diffId: digestOf(lower) });
    expect(fs.readFileSync(stores.blobs.path(digestOf(lower))).equals(lower)).toBe(true);
    expect(fs.readdirSync(path.join(bench.root, 'layers'))).toEqual([]);
    expect(await sources.blobOf('no-such-ref')).toBeUndefined();
  });

  it('is scratch without layers', async () => {
    content.image('empty', []);
    expect((await solve(image(':empty'))).ref).toBeUndefined();
  });

  it('can be cut after some layers', async () => {
    content.image('latest', [lower, upper]);
    const whole = await solve(image(':latest'));
    const cut = await solve(image(':latest'), { 'image.layerlimit': '1' });
    expect(cut.ref).toBe((whole.ref as { parent: Ref }).parent);
    expect(cut.key).not.toEqual(whole.key);
  });

  it('tells how transfers go', async () => {
    content.image('latest', [lower]);
    await (await solve(image(':latest'))).shown();
    const ids = bench.reports.flatMap((report) =>
      report.type === 'status' && report.completed !== undefined ? [report.id] : [],
    );
    expect(ids).toEqual([digestOf(lower), `extracting ${digestOf(lower)}`]);
  });
});

describe('the vertex of an image', () => {
  const lifeOf = (from: number) =>
    bench.reports.slice(from).flatMap((report) => {
      if (report.type === 'started') return ['started'];
      if (report.type === 'completed')
        return [report.error === undefined ? 'completed' : `failed: ${report.error}`];
      return report.type === 'status' && report.completed !== undefined ? [report.name] : [];
    });

  it('is at work once while its layers come, until all are unpacked', async () => {
    content.image('latest', [lower, upper]);
    const { shown, sources } = await solve(image(':latest'));
    const before = bench.reports.length;
    await shown();
    await sources.close();
    const life = lifeOf(before);
    expect([life[0], life.at(-1)]).toEqual(['started', 'completed']);
    expect(life.slice(1, -1).sort()).toEqual(['downloading', 'downloading', 'extracting', 'extracting']);
  });

  it('is the one that fails when a layer cannot be unpacked', async () => {
    content.document('bad', MediaType.ociManifest, {
      schemaVersion: 2,
      config: content.blob(
        JSON.stringify({
          os: 'linux',
          architecture: 'amd64',
          rootfs: { type: 'layers', diff_ids: [digestOf('x')] },
        }),
        MediaType.ociConfig,
      ),
      layers: [content.blob(lower, 'application/vnd.oci.image.layer.v1.tar')],
    });
    const { shown } = await solve(image(':bad'));
    const before = bench.reports.length;
    await expect(shown()).rejects.toThrow('expected diffID');
    expect(lifeOf(before)).toEqual([
      'started',
      'downloading',
      'extracting',
      expect.stringMatching(/^failed: .*expected diffID/),
    ]);
  });
});

it('tells the config of an image without its layers', async () => {
  const { digest } = content.image('latest', [lower]);
  const reference = `${server.host}/a/b:latest`;
  const { config, ...found } = await stores.resolveImageConfig(reference, {
    platform: { os: 'linux', architecture: 'amd64' },
    credentials: undefined,
    signal: bench.work.signal,
  });
  expect(found).toEqual({ ref: reference, digest });
  expect(JSON.parse(Buffer.from(config).toString())).toMatchObject({ architecture: 'amd64' });
  expect(blobRequests()).toHaveLength(1);
});

describe('an index', () => {
  const index = (...manifests: readonly object[]) =>
    content.document('latest', MediaType.ociIndex, { schemaVersion: 2, manifests });

  it('gives the image for the platform', async () => {
    const arm = content.image('arm', [makeTar({ name: 'arm' })], 'arm64');
    const amd = content.image('amd', [makeTar({ name: 'amd' })]);
    index(
      { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
      { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
    );
    expect(await (await solve(image(':latest'))).shown()).toEqual(['/amd file 644 0:0 ""']);
    const other = await solve(image(':latest'), {}, { architecture: 'arm64' });
    expect(await other.shown()).toEqual(['/arm file 644 0:0 ""']);
    await expect(solve(image(':latest'), {}, { architecture: 's390x' })).rejects.toMatchObject({
      message: 'failed to load cache key: no match for platform in manifest: not found',
      details: { hint: 'the image exists for linux/arm64, linux/amd64' },
    });
  });

  it('may leave the platform to the config, or lead to another index', async () => {
    const amd = content.image('amd', [lower]);
    const inner = content.document('inner', MediaType.ociIndex, { schemaVersion: 2, manifests: [amd] });
    index(inner);
    await expect(solve(image(':latest'))).resolves.toBeDefined();
    await expect(solve(image(':latest'), {}, { architecture: 'arm64' })).rejects.toThrow(
      'no match for platform in manifest',
    );
  });
});

describe('what is refused', () => {
  it.each([
    [{ 'image.resolvemode': 'never' }, 'invalid resolvemode: never'],
    [{ 'image.recordtype': 'odd' }, 'invalid record type odd'],
    [{ 'image.layerlimit': '0' }, 'invalid layer limit 0'],
    [{ 'image.layerlimit': 'x' }, 'invalid layer limit x'],
    [{ 'image.layerlimit': '9' }, 'layer limit 9 is greater than the number of layers in the image 2'],
    [{ 'image.checksum': 'nonsense' }, 'invalid image checksum nonsense'],
    [{ 'image.checksum': digestOf('other') }, `does not match expected checksum ${digestOf('other')}`],
  ])('%j', async (attrs, message) => {
    content.image('latest', [lower, upper]);
    await expect(solve(image(':latest'), attrs as Record<string, string>)).rejects.toThrow(message);
  });

  it('a manifest that is not what its digest says', async () => {
    const { digest, size } = content.image('latest', [lower]);
    server.answer = (request, response) => {
      if (request.method === 'HEAD') return content.serve(request, response);
      response.writeHead(200, { 'content-type': MediaType.ociManifest }).end('x'.repeat(size));
    };
    await expect(solve(image(`@${digest}`))).rejects.toThrow('unexpected commit digest');
    expect(stores.blobs.size(digest)).toBeUndefined();
  });

  it('a layer whose bytes are others, or whose tar is another than the config says', async () => {
    const diffIds = (diff_ids: string[]) =>
      JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids } });
    const manifest = (layer: object, config: string) =>
      content.document('latest', MediaType.ociManifest, {
        schemaVersion: 2,
        config: content.blob(config, MediaType.ociConfig),
        layers: [layer],
      });
    const blob = content.blob(lower, 'application/vnd.oci.image.layer.v1.tar');
    manifest(blob, diffIds([digestOf(upper)]));
    await expect((await solve(image(':latest'))).shown()).rejects.toThrow(
      `failed to verify layer ${blob.digest}: expected diffID ${digestOf(upper)}, got ${digestOf(lower)}`,
    );
    expect(fs.readdirSync(path.join(bench.root, 'layers'))).toEqual([]);
    manifest({ ...blob, digest: digestOf(upper) }, diffIds([digestOf(upper)]));
    content.blob(upper);
    server.answer = (request, response) => {
      if (request.url?.includes(digestOf(upper))) return void response.end(Buffer.alloc(lower.length, 'x'));
      return content.serve(request, response);
    };
    await expect((await solve(image(':latest'))).shown()).rejects.toThrow('unexpected commit digest');
    manifest(content.blob(lower, 'application/x-strange'), diffIds([digestOf(lower)]));
    await expect((await solve(image(':latest'))).shown()).rejects.toThrow('no processor for media-type');
  });

  it('a layer that claims to be larger than any disk, before it is written', async () => {
    content.image('latest', [hollowTar(2 ** 52)]);
    await expect((await solve(image(':latest'))).shown()).rejects.toThrow('unpacks to more than');
    expect(fs.readdirSync(path.join(bench.root, 'layers'))).toEqual([]);
  });

  it.each([
    [
      'an index under the type of a manifest',
      MediaType.ociManifest,
      { manifests: [] },
      'expected manifest but found index',
    ],
    [
      'a manifest under the type of an index',
      MediaType.ociIndex,
      { config: {}, layers: [] },
      'expected index but found manifest',
    ],
    ['schema 1', MediaType.dockerSchema1, { fsLayers: [] }, 'schema 1 has been removed'],
    ['schema 1 under another type', MediaType.dockerManifest, { fsLayers: [] }, 'schema 1 not supported'],
    ['an unknown type', 'text/html', {}, 'unexpected media type text/html'],
    ['a malformed descriptor', MediaType.ociManifest, { config: { digest: 5 } }, 'malformed descriptor'],
  ])('%s', async (_, mediaType, document, message) => {
    content.document('latest', mediaType, document);
    await expect(solve(image(':latest'))).rejects.toThrow(message);
  });

  it('a config with other layers than the manifest', async () => {
    const config = content.blob(
      '{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}',
      MediaType.ociConfig,
    );
    content.document('latest', MediaType.ociManifest, { config, layers: [content.blob(lower)] });
    await expect(solve(image(':latest'))).rejects.toThrow('mismatched image rootfs and manifest layers');
  });

  it('an unknown scheme, or none', async () => {
    await expect(solve('ftp://x')).rejects.toThrow('failed to load cache key: unknown scheme ftp: not found');
    await expect(solve('x')).rejects.toThrow('failed to load cache key: failed to parse x: invalid');
  });
});

describe('a registry that fails', () => {
  const isBlob = (request: { url?: string | undefined }) => request.url?.includes('/blobs/');
  const said = () =>
    bench.reports
      .flatMap((event) => (event.type === 'log' ? [Buffer.from(event.data).toString()] : []))
      .join('');

  it('is asked again, which is shown', async () => {
    content.image('latest', [lower]);
    let failures = 0;
    server.answer = (request, response) => {
      if (request.method === 'GET' && failures++ < 1) return void response.writeHead(502).end();
      return content.serve(request, response);
    };
    expect(await (await solve(image(':latest'))).shown()).toHaveLength(2);
    expect(said()).toMatch(/^error: unexpected status from GET .*: 502\nretrying in 0.01s\n$/);
  });

  it('in the middle of a blob leaves nothing that looks whole', async () => {
    content.image('latest', [lower]);
    const solved = await solve(image(':latest'));
    server.answer = (request, response) => {
      if (!isBlob(request)) return content.serve(request, response);
      response.writeHead(200, { 'content-length': lower.length }).write(lower.subarray(0, 100));
      setTimeout(() => response.destroy(), 20);
    };
    await expect(solved.shown()).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(`Get "http://${server.host}/v2/a/b/blobs/sha256:[0-9a-f]+": EOF`),
    });
    expect(stores.blobs.size(digestOf(lower))).toBeUndefined();
    expect(fs.readdirSync(path.join(bench.root, 'layers'))).toEqual([]);
  });

  it('is named when nobody answers', async () => {
    const { host } = server;
    await server.stop();
    await expect(solve(`docker-image://${host}/a/b:latest`)).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(
        `Head "http://${host}/v2/a/b/manifests/latest": dial tcp ${host}: connect: connection refused`,
      ),
    });
    server = await new ScriptedServer().start();
  });
});

describe('an OCI layout', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, 'blobs/sha256'), { recursive: true });
  });

  function put(bytes: Uint8Array | string): { digest: string; size: number } {
    const digest = digestOf(bytes);
    fs.writeFileSync(path.join(folder, 'blobs/sha256', digest.slice(7)), bytes);
    return { digest, size: Buffer.from(bytes).length };
  }

  function layout(): string {
    const config = put(
      JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [digestOf(lower)] } }),
    );
    const layer = { ...put(lower), mediaType: 'application/vnd.oci.image.layer.v1.tar' };
    return put(
      JSON.stringify({
        mediaType: MediaType.ociManifest,
        config: { ...config, mediaType: MediaType.ociConfig },
        layers: [layer],
      }),
    ).digest;
  }

  const given = () => ({ request: { layouts: directories({ store: folder }) } });

  it('gives images and blobs by digest', async () => {
    const digest = layout();
    const attrs = { 'oci.store': 'store' };
    const whole = await solve(`oci-layout://x/y@${digest}`, attrs, given());
    expect(await whole.shown()).toEqual(['/a file 644 0:0 "lower"', '/b file 644 0:0 "b"']);
    const blob = await solve(
      `oci-layout+blob://x/y@${digestOf(lower)}`,
      { ...attrs, 'http.filename': 'layer.tar', 'http.perm': '0640' },
      given(),
    );
    const [shown] = await blob.shown();
    expect(shown).toMatch(/^\/layer\.tar file 640 0:0 /);
    expect(
      (await solve(`oci-layout+blob://x/y@${digestOf(lower)}`, attrs, given()).then((b) => b.shown()))[0],
    ).toMatch(new RegExp(`^/${digestOf(lower).slice(7)} file 600 `));
  });

  it('says what is not there', async () => {
    const digest = layout();
    const missing = digestOf('missing');
    await expect(solve(`oci-layout://x/y@${missing}`, { 'oci.store': 'store' }, given())).rejects.toThrow(
      `failed to load cache key: unable to get info about digest: content ${missing}: not found`,
    );
    await expect(solve('oci-layout://x/y:tag', { 'oci.store': 'store' }, given())).rejects.toThrow(
      'must have digest',
    );
    await expect(
      solve(`oci-layout://x/y@${digest}`, { 'oci.store': 'other' }, given()),
    ).rejects.toMatchObject({
      details: { hint: 'name its folder: --oci-layout other=DIR' },
    });
    await expect(solve(`oci-layout+blob://x/y@${digest}`, {}, given())).rejects.toThrow('requires store id');
    await expect(solve('oci-layout+blob://x/y:tag', { 'oci.store': 'store' }, given())).rejects.toThrow(
      'invalid reference digest',
    );
  });

  it('is not believed', async () => {
    const digest = layout();
    const file = path.join(folder, 'blobs/sha256', digestOf(lower).slice(7));
    fs.writeFileSync(file, Buffer.alloc(lower.length, 'x'));
    const attrs = { 'oci.store': 'store' };
    await expect((await solve(`oci-layout://x/y@${digest}`, attrs, given())).shown()).rejects.toThrow(
      'unexpected commit digest',
    );
    await expect(solve(`oci-layout+blob://x/y@${digestOf(lower)}`, attrs, given())).rejects.toThrow(
      'blob digest mismatch: expected',
    );
  });
});

it('gives a blob of a registry as a file', async () => {
  const { digest } = content.blob('bytes');
  const blob = await solve(`docker-image+blob://${server.host}/a/b@${digest}`, { 'http.filename': 'f' });
  expect(await blob.shown()).toEqual(['/f file 600 0:0 "bytes"']);
});

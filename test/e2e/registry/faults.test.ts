import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { type FaultyProxy, startProxy } from './faulty-proxy.ts';
import { expectDone, LARGE, type RegistryRig, withRegistryRig } from './rig.ts';

/** A registry behind a proxy, and a large layer to move. */
async function withProxy(
  use: (rig: RegistryRig, proxy: FaultyProxy, direct: string, content: Buffer) => Promise<void>,
): Promise<void> {
  await withRegistryRig(async (rig) => {
    const { host: direct } = await rig.registry();
    const proxy = rig.own(await startProxy(direct));
    const content = randomBytes(LARGE);
    mkdirSync(join(rig.folder, 'large'));
    writeFileSync(join(rig.folder, 'large/file'), content);
    await use(rig, proxy, direct, content);
  });
}

function expectPulled(rig: RegistryRig, content: Buffer): void {
  expect(readFileSync(join(rig.folder, 'out/file')).equals(content)).toBe(true);
}

function linesOf({ seen }: FaultyProxy, pattern: RegExp): readonly string[] {
  return seen.map(({ line }) => line).filter((line) => pattern.test(line));
}

/** The requests for the layer of an image that was pushed as `x`. */
async function layerLine(host: string): Promise<RegExp> {
  const response = await fetch(`http://${host}/v2/x/manifests/latest`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const { layers } = (await response.json()) as { readonly layers: readonly { readonly digest: string }[] };
  return new RegExp(`^GET .*/blobs/${layers[0]?.digest}`);
}

requires('docker-registry')('transfers that go wrong', () => {
  test('a download that is cut goes on where it stopped, and says so', async () => {
    await withProxy(async (rig, proxy, direct, content) => {
      expectDone(await rig.push('large', `${direct}/x`));
      const line = await layerLine(direct);
      proxy.faults.push({ line: /^GET .*\/manifests\//, fault: { kind: 'status', status: 503 } });
      proxy.faults.push({ line, fault: { kind: 'status', status: 500 } });
      proxy.faults.push({ line, fault: { kind: 'cut answer', after: LARGE / 2 } });
      proxy.faults.push({ line, fault: { kind: 'status', status: 502 } });
      const pulled = await rig.pull(`${proxy.host}/x`);
      expectDone(pulled);
      expectPulled(rig, content);
      expect(proxy.faults).toEqual([]);
      expect(pulled.stderr).toMatch(/retrying in \d+s/);
      const ranges = proxy.seen.filter((one) => line.test(one.line)).map(({ headers }) => headers.range);
      expect(ranges.at(-1)).toBe(`bytes=${LARGE / 2}-`);
    });
  });

  test('an upload that is cut goes on where it stopped', async () => {
    await withProxy(async (rig, proxy, direct, content) => {
      proxy.faults.push({ line: /^PATCH /, fault: { kind: 'cut request', after: LARGE / 2 } });
      const pushed = await rig.push('large', `${proxy.host}/x`);
      expectDone(pushed);
      expect(pushed.stderr).toMatch(/pushing again in \d+s/);
      const patches = proxy.seen.filter(({ line }) => line.startsWith('PATCH '));
      expect(linesOf(proxy, /^GET .*\/uploads\//)).not.toEqual([]);
      expect(patches.map(({ headers }) => Number(headers['content-length']) < LARGE / 2 + 100_000)).toContain(
        true,
      );
      expectDone(await rig.pull(`${direct}/x`));
      expectPulled(rig, content);
    });
  });

  test('answers of a registry that stumbles are asked for again, until it is too much', async () => {
    await withProxy(async (rig, proxy, direct) => {
      proxy.faults.push({ line: /^HEAD .*\/blobs\//, fault: { kind: 'status', status: 503 } });
      proxy.faults.push({ line: /^POST /, fault: { kind: 'status', status: 500 } });
      proxy.faults.push({ line: /^PUT .*\/uploads\//, fault: { kind: 'status', status: 502 } });
      proxy.faults.push({ line: /^PUT .*\/manifests\//, fault: { kind: 'status', status: 504 } });
      expectDone(await rig.push('small', `${proxy.host}/x`));
      expect(proxy.faults).toEqual([]);
      expectDone(await rig.pull(`${direct}/x`));

      for (let times = 0; times < 20; times++)
        proxy.faults.push({ line: /manifests/, fault: { kind: 'status', status: 503 } });
      const { status, stderr } = await rig.pull(`${proxy.host}/x`, { store: 'other' });
      expect(status).toBe(1);
      expect(stderr).toContain('503 Service Unavailable');
    });
  });

  test('a layer with another digest is refused, and nothing of it stays', async () => {
    await withProxy(async (rig, proxy, direct, content) => {
      expectDone(await rig.push('large', `${direct}/x`));
      proxy.faults.push({ line: await layerLine(direct), fault: { kind: 'change answer' } });
      const { status, stderr } = await rig.pull(`${proxy.host}/x`);
      expect(status).toBe(1);
      expect(stderr).toMatch(/unexpected commit digest sha256:[0-9a-f]{64}, expected sha256:[0-9a-f]{64}/);
      expect(existsSync(join(rig.folder, 'out'))).toBe(false);
      expect(readdirSync(join(rig.folder, 'pulled/layers'))).toEqual([]);
      expectDone(await rig.pull(`${proxy.host}/x`));
      expectPulled(rig, content);
    });
  });
});

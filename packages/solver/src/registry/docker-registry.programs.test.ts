import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { MediaType } from './descriptor.ts';
import { RegistryPusher } from './push.ts';
import { parseReference } from './reference.ts';
import { RegistryClient, type RegistryRepository, readAll } from './registry-client.ts';
import type { RegistryConfig } from './registry-hosts.ts';
import { digestOf, fixedCredentials } from './testing/registry-server.ts';

const runs = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined;
const canServe = runs('docker-registry', '--version') && runs('openssl', 'version');

/** Docker's own registry, with a password and a certificate that nobody knows. */
describe.runIf(canServe)('docker-registry', { timeout: 60_000 }, () => {
  let folder: string;
  let host: string;
  let stop: () => void;

  beforeAll(async () => {
    folder = temporaryFolder();
    const file = (name: string) => path.join(folder, name);
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'].concat([
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        file('key.pem'),
        '-out',
        file('ca.pem'),
      ]),
      { stdio: 'ignore' },
    );
    // `me` with the password `secret`.
    fs.writeFileSync(file('htpasswd'), 'me:$2b$04$8BcFC/3sF.4JjyH0.6hNk.yVs3XLi95OSHaeMJvPf/j3sdD3zzQtq\n');
    const port = await freePort();
    host = `127.0.0.1:${port}`;
    fs.writeFileSync(
      file('config.yml'),
      [
        'version: 0.1',
        'log: { level: error }',
        `storage: { filesystem: { rootdirectory: ${file('data')} } }`,
        `auth: { htpasswd: { realm: here, path: ${file('htpasswd')} } }`,
        `http: { addr: "${host}", tls: { certificate: ${file('ca.pem')}, key: ${file('key.pem')} } }`,
      ].join('\n'),
    );
    const child = spawn('docker-registry', ['serve', file('config.yml')], { stdio: 'ignore' });
    stop = () => child.kill();
    for (let tries = 0; tries < 100 && !(await listens(port)); tries++) await sleep(100);
  });
  afterAll(() => {
    stop();
  });

  async function use<T>(
    work: (repository: RegistryRepository) => Promise<T>,
    { secret = 'secret', tls = { ca: [path.join(folder, 'ca.pem')] } as RegistryConfig[string] } = {},
  ): Promise<T> {
    const client = new RegistryClient({
      config: { [host]: { http: false, ...tls } },
      credentials: fixedCredentials('me', secret),
      retryDelays: [1],
    });
    try {
      return await work(client.repository(parseReference(`${host}/some/name:tag`)));
    } finally {
      await client.close();
    }
  }

  it('takes and gives back a manifest and its blobs', async () => {
    const blob = Buffer.alloc(200_000, 'some bytes ');
    const descriptor = { mediaType: MediaType.ociConfig, digest: digestOf(blob), size: blob.length };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociManifest, config: descriptor, layers: [] }),
    );
    const document = { mediaType: MediaType.ociManifest, digest: digestOf(manifest) };
    await use(async (repository) => {
      const pusher = new RegistryPusher(repository);
      const { signal } = new AbortController();
      await pusher.blob(descriptor, {
        async *open(offset: number) {
          yield blob.subarray(offset);
        },
        from: [],
        signal,
      });
      await pusher.manifest(
        { bytes: manifest, descriptor: { ...document, size: manifest.length } },
        'tag',
        signal,
      );
    });
    await use(async (repository) => {
      const found = await repository.resolve();
      expect(found).toEqual({
        mediaType: MediaType.ociManifest,
        digest: digestOf(manifest),
        size: manifest.length,
      });
      expect((await readAll(repository.fetch(found), 1e6)).equals(manifest)).toBe(true);
      expect((await readAll(repository.fetch(descriptor), 1e6)).equals(blob)).toBe(true);
      expect((await readAll(repository.fetchByDigest(descriptor.digest), 1e6)).equals(blob)).toBe(true);
    });
  });

  it('lets nobody in with another password', async () => {
    await expect(use((repository) => repository.resolve(), { secret: 'wrong' })).rejects.toThrow(
      'pull access denied',
    );
  });

  it('is not believed without its certificate, unless that is allowed', async () => {
    await expect(use((repository) => repository.resolve(), { tls: {} })).rejects.toThrow(
      /self.signed certificate/,
    );
    await expect(
      use((repository) => repository.resolve(), { tls: { insecure: true } }),
    ).resolves.toBeDefined();
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

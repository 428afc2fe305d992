import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { writeTar } from '../../support/write-tar.ts';

/** An npm registry on this machine, with the one package that the example asks for. */
export interface PackageRegistry {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
}

const MANIFEST = { name: 'ms', version: '2.1.3', main: 'index.js' };
const ARCHIVE = gzipSync(
  writeTar([
    { name: 'package/package.json', content: JSON.stringify(MANIFEST) },
    { name: 'package/index.js', content: 'module.exports = (text) => parseInt(text, 10) * 86_400_000;\n' },
  ]),
);

/** Serves it while `use` runs. */
export async function withPackageRegistry<T>(use: (registry: PackageRegistry) => Promise<T>): Promise<T> {
  const requests: string[] = [];
  const server = createServer(({ url = '/' }, response) => {
    requests.push(url);
    if (url === '/ms') response.end(JSON.stringify(packument(`${addressOf(server)}/ms.tgz`)));
    else if (url === '/ms.tgz') response.end(ARCHIVE);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    return await use({ url: addressOf(server), requests });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function packument(tarball: string): object {
  const integrity = `sha512-${createHash('sha512').update(ARCHIVE).digest('base64')}`;
  const versions = { [MANIFEST.version]: { ...MANIFEST, dist: { tarball, integrity } } };
  return { name: MANIFEST.name, 'dist-tags': { latest: MANIFEST.version }, versions };
}

function addressOf(server: ReturnType<typeof createServer>): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

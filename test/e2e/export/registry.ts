import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../support/requirements.ts';

export interface RegistryOptions {
  /** Lines of an htpasswd file: who may come in. */
  readonly htpasswd?: string;
  /** PEM files of certificate and key. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts Debian's docker-registry on this machine, with storage in `folder`. */
export async function startRegistry(folder: string, options: RegistryOptions = {}): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config.yml');
  writeFileSync(config, configOf(folder, host, options));
  const child = spawn(findProgram('docker-registry') ?? 'docker-registry', ['serve', config], {
    stdio: 'ignore',
  });
  await reachable(child, `${options.tls ? 'https' : 'http'}://${host}/v2/`);
  return { host, stop: () => stop(child) };
}

function configOf(folder: string, host: string, { htpasswd, tls }: RegistryOptions): string {
  const lines = [
    'version: 0.1',
    'log: { level: error }',
    `storage: { filesystem: { rootdirectory: ${JSON.stringify(join(folder, 'data'))} } }`,
    `http: { addr: ${JSON.stringify(host)}${tls ? `, tls: { certificate: ${JSON.stringify(tls.certificate)}, key: ${JSON.stringify(tls.key)} }` : ''} }`,
  ];
  if (htpasswd !== undefined) {
    const path = join(folder, 'htpasswd');
    writeFileSync(path, htpasswd);
    lines.push(`auth: { htpasswd: { realm: test, path: ${JSON.stringify(path)} } }`);
  }
  return `${lines.join('\n')}\n`;
}

/** A port that is free now; somebody may still take it before the registry does. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function reachable(child: ChildProcess, url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    // An answer of any kind will do, and a certificate that nobody knows is one.
    const answered = await fetch(url).then(
      () => true,
      (error: Error) => !String(error.cause).includes('ECONNREFUSED'),
    );
    if (answered) return;
    await sleep(50);
  }
  throw new Error('docker-registry did not start');
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../support/requirements.ts';

export interface RegistryOptions {
  /** Lines of an htpasswd file: who may come in. */
  readonly htpasswd?: string;
  /** PEM files of certificate and key; with `clients`, only who shows a certificate of that authority may come in. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clients?: string };
  /** Who is to be asked for tokens, and the PEM file of the certificate that these are signed with. */
  readonly tokens?: { readonly realm: string; readonly certificate: string };
}

/** What a registry and its token server call themselves. */
export const TOKEN_NAMES = { service: 'test-registry', issuer: 'test-issuer' };

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

/** JSON, which is YAML too. */
function configOf(folder: string, host: string, { htpasswd, tls, tokens }: RegistryOptions): string {
  const path = join(folder, 'htpasswd');
  if (htpasswd !== undefined) writeFileSync(path, htpasswd);
  const auth = {
    ...(htpasswd !== undefined && { htpasswd: { realm: 'test', path } }),
    ...(tokens && {
      token: { realm: tokens.realm, rootcertbundle: tokens.certificate, ...TOKEN_NAMES },
    }),
  };
  return JSON.stringify({
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: {
      addr: host,
      ...(tls && {
        tls: {
          certificate: tls.certificate,
          key: tls.key,
          ...(tls.clients !== undefined && { clientcas: [tls.clients] }),
        },
      }),
    },
    ...(Object.keys(auth).length > 0 && { auth }),
  });
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

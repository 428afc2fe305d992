import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startDaemon } from '../../support/daemon.ts';

export interface RegistryOptions {
  /** Lines of an htpasswd file: who may come in. */
  readonly htpasswd?: string;
  /** PEM files of certificate and key; with `clients`, only who shows a certificate of that authority may come in. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clients?: string };
  /** URL of the token server, and the PEM file of the certificate that tokens are signed with. */
  readonly tokens?: { readonly realm: string; readonly certificate: string };
}

/** Names of a registry and of its token server. */
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
  const url = `${options.tls ? 'https' : 'http'}://${host}/v2/`;
  const daemon = await startDaemon('docker-registry', ['serve', config], () => answers(url));
  return { host, stop: () => daemon.stop('SIGKILL') };
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

/** An answer of any kind will do, and a certificate that nobody knows is one. */
function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    (error: Error) => !String(error.cause).includes('ECONNREFUSED'),
  );
}

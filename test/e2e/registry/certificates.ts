import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** An authority of a test that nobody else knows, and what it has signed. */
export interface Authority extends KeyPair {
  /** A certificate for servers on this machine, and for clients. */
  sign(name: string): KeyPair;
}

/** Makes an authority with openssl, its files in `folder`. */
export function makeAuthority(folder: string, name = 'authority'): Authority {
  mkdirSync(folder, { recursive: true });
  const own = request(folder, name, [...subject(`llb-ts test ${name}`)]);
  return {
    ...own,
    sign: (signed) =>
      request(folder, signed, [
        ...subject('127.0.0.1'),
        ...['-CA', own.certificate, '-CAkey', own.key],
        ...['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'],
      ]),
  };
}

function subject(name: string): readonly string[] {
  return ['-subj', `/CN=${name}`];
}

function request(folder: string, name: string, more: readonly string[]): KeyPair {
  const pair = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  execFileSync('openssl', [...args, '-keyout', pair.key, '-out', pair.certificate, ...more], {
    stdio: 'pipe',
  });
  return pair;
}

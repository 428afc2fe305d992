import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { environmentFailure } from '../error/error.ts';

export interface TlsOptions {
  /** Files with certificates to trust besides the usual ones. */
  readonly ca?: readonly string[];
  /** Files with client certificates. */
  readonly keypairs?: readonly { readonly key: string; readonly cert: string }[];
  /** Accept any certificate. Default: false. */
  readonly insecure?: boolean;
}

/** Files in which Linux systems keep the certificates that their administrator trusts; Node reads none of them by itself. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The certificate to present and those to trust. Fails with an `environment` failure when a named file cannot be read. */
export function secureContext({ ca = [], keypairs = [] }: TlsOptions): SecureContext {
  return createSecureContext({
    ca: [...rootCertificates, ...systemCertificates(), ...ca.map(readNamed)],
    ...(keypairs.length > 0 && {
      key: keypairs.map(({ key }) => readNamed(key)),
      cert: keypairs.map(({ cert }) => readNamed(cert)),
    }),
  });
}

function systemCertificates(): string[] {
  const named = process.env.SSL_CERT_FILE;
  for (const file of named ? [named] : SYSTEM_BUNDLES) {
    try {
      return [readFileSync(file, 'utf8')];
    } catch {
      // Not on this system.
    }
  }
  return [];
}

function readNamed(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw environmentFailure(`failed to read ${file}`, {
      cause: error,
      hint: 'the configuration of a registry names this file',
    });
  }
}

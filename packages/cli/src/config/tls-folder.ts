import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode, systemReason } from '../error/system-error.ts';
import type { ConfigTable } from './config-table.ts';

export interface TlsFiles {
  readonly ca: readonly string[];
  readonly keypairs: readonly { readonly key: string; readonly cert: string }[];
}

/**
 * The files of an entry of `tlsconfigdir`: `NAME.crt` is trusted, `NAME.cert` is a client certificate with `NAME.key`. A
 * folder that is missing or closed to us holds nothing (`util/resolver/resolver.go`).
 */
export function readTlsFolder(named: string, index: number, section: ConfigTable): TlsFiles {
  const folder = section.document.resolve(named);
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'EPERM')) {
      const path = [...section.path, 'tlsconfigdir', index];
      throw section.document.error(path, `cannot read ${named}: ${systemReason(error)}`);
    }
  }
  const withEnd = (end: string) =>
    names.filter((name) => name.endsWith(end)).map((name) => join(folder, name));
  return {
    ca: withEnd('.crt'),
    keypairs: withEnd('.cert').map((cert) => ({ cert, key: cert.replace(/\.cert$/, '.key') })),
  };
}

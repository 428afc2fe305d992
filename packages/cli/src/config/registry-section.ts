import type { RegistryHostConfig } from '@llb-ts/solver';
import { type ConfigTable, isTable } from './config-table.ts';
import { readTlsFolder } from './tls-folder.ts';
import type { TomlValue } from './toml.ts';

const KEYS = ['mirrors', 'http', 'insecure', 'ca', 'keypair', 'tlsconfigdir'];

/** Reads `[registry."host"]`; keys and meanings are BuildKit's (`util/resolver/config/config.go`). */
export function readRegistry(host: string, section: ConfigTable): RegistryHostConfig {
  section.refuseUnknown(KEYS, (key, value) => unquotedHost([host, key], value));
  warnOfName(host, section);
  const http = section.boolean('http');
  const insecure = section.boolean('insecure');
  const folders = section.texts('tlsconfigdir').map((folder, i) => readTlsFolder(folder, i, section));
  return {
    mirrors: readMirrors(section),
    ca: [...files(section, section.texts('ca')), ...folders.flatMap(({ ca }) => ca)],
    keypairs: [...readKeyPairs(section), ...folders.flatMap(({ keypairs }) => keypairs)],
    ...(http !== undefined && { http }),
    ...(insecure !== undefined && { insecure }),
  };
}

function readMirrors(section: ConfigTable): readonly string[] {
  const mirrors = section.texts('mirrors');
  for (const [i, mirror] of mirrors.entries()) {
    const path = [...section.path, 'mirrors', i];
    const [, scheme, host = ''] = /^(?:([a-z]+):\/\/)?([^/]*)/i.exec(mirror) ?? [];
    if (host === '' || /\s/.test(mirror)) {
      throw section.document.error(path, `expected a host, got ${JSON.stringify(mirror)}`);
    }
    if (scheme !== undefined && scheme.toLowerCase() !== 'https') {
      const own = `http = true in [registry.${JSON.stringify(host)}]`;
      section.document.warn(path, `is not asked by ${scheme} because of its name; that takes ${own}`);
    }
  }
  return mirrors;
}

function readKeyPairs(section: ConfigTable): readonly { readonly key: string; readonly cert: string }[] {
  return section.tables('keypair').map((pair) => {
    pair.refuseUnknown(['key', 'cert']);
    const { document } = section;
    return { key: document.resolve(pair.text('key')), cert: document.resolve(pair.text('cert')) };
  });
}

function files({ document }: ConfigTable, paths: readonly string[]): readonly string[] {
  return paths.map((path) => document.resolve(path));
}

/** Names that no reference to an image can have as its host, so that what stands below them is never asked for. */
function warnOfName(host: string, { document, path }: ConfigTable): void {
  if (/[/\s]/.test(host) || host === '') {
    document.warn(path, 'has no effect: a registry is named by its host and port alone');
  } else if (host === 'index.docker.io') {
    document.warn(path, 'has no effect: the registry of Docker Hub is named "docker.io"');
  }
}

/** Help for `[registry.docker.io]`, which to TOML is a table `io` inside a table `docker`. */
function unquotedHost(names: readonly string[], value: TomlValue): string | undefined {
  if (!isTable(value)) return undefined;
  const [only, ...more] = Object.entries(value);
  const goesOn = only !== undefined && more.length === 0 && isTable(only[1]);
  if (goesOn) return unquotedHost([...names, only[0]], only[1]);
  return `quote the host: [registry.${JSON.stringify(names.join('.'))}]`;
}

import type { RegistryConfig } from '@llb-ts/solver';
import { ConfigDocument } from './config-document.ts';
import type { ConfigFile } from './config-files.ts';
import { ConfigTable } from './config-table.ts';
import { readRegistry } from './registry-section.ts';

/** The configuration files, taken together. */
export interface Config {
  readonly registries: RegistryConfig;
  /** Settings without effect, a sentence each with file and line. */
  readonly warnings: readonly string[];
}

/** Settings of `buildkitd.toml` that a file may carry over; what they would do here. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  worker: 'has no effect yet: nothing is collected by policy',
  ...Object.fromEntries(
    [
      ...['debug', 'trace', 'root', 'insecure-entitlements', 'proxyNetwork', 'provenanceEnvDir'],
      ...['log', 'grpc', 'otel', 'cdi', 'dns', 'history', 'frontend', 'system', 'cache', 'compaction'],
    ].map((name) => [name, 'has no effect: it is a setting of buildkitd only']),
  ),
};

/**
 * Reads the configuration of the system and of the user; what the user says about a registry host takes the place of all
 * that the system says about it. Fails with a `config` error for what cannot be used, `environment` for what cannot be read.
 */
export function readConfig(files: readonly ConfigFile[]): Config {
  const registries: Record<string, RegistryConfig[string]> = {};
  const warnings: string[] = [];
  for (const { path, text } of files) {
    const document = new ConfigDocument(path, text);
    Object.assign(registries, readDocument(document));
    warnings.push(...document.warnings);
  }
  return { registries, warnings };
}

function readDocument(document: ConfigDocument): RegistryConfig {
  const top = new ConfigTable(document, [], document.table);
  top.refuseUnknown(['registry', ...Object.keys(WITHOUT_EFFECT)]);
  for (const [name, reason] of Object.entries(WITHOUT_EFFECT)) {
    if (top.values[name] !== undefined) document.warn([name], reason);
  }
  const hosts = ConfigTable.of(document, ['registry'], top.values.registry ?? {});
  return Object.fromEntries(
    Object.entries(hosts.values).map(([host, value]) => [
      host,
      readRegistry(host, ConfigTable.of(document, ['registry', host], value)),
    ]),
  );
}

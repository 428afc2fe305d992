import { isLoopback } from './http-client.ts';
import type { TlsOptions } from './tls.ts';

/** The configuration of one registry host; names as in `buildkitd.toml`. */
export interface RegistryHostConfig extends TlsOptions {
  /** Hosts (maybe with a path) to ask first, in order. Default: `[]`. */
  readonly mirrors?: readonly string[];
  /** Speak plain http. Default: true for this machine, else false. */
  readonly http?: boolean;
}

/** By host as it stands in references: `docker.io`, `localhost:5000`. */
export type RegistryConfig = Readonly<Record<string, RegistryHostConfig>>;

/** One place where the repositories of a namespace can be found. */
export interface RegistryHost {
  /** Host and port to connect to. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** Path of the API: `/v2`, for a mirror maybe more. */
  readonly path: string;
  /** Ask by https first, and by http if that is not spoken. */
  readonly fallbackToHttp: boolean;
  readonly tls: TlsOptions;
  /** Not the host of the reference itself: it is told which namespace is meant, and nothing is pushed there. */
  readonly mirror: boolean;
}

/** The hosts to ask for a namespace, in order; the namespace's own host is the last (`util/resolver/resolver.go`). */
export function hostsFor(namespace: string, config: RegistryConfig): readonly RegistryHost[] {
  const mirrors = (config[namespace]?.mirrors ?? []).map((mirror): RegistryHost => {
    const [, host = '', path = ''] = /^(?:[a-z]+:\/\/)?([^/]*)(\/.*)?$/i.exec(mirror) ?? [];
    return { ...connection(host, config[host] ?? {}), path: `/v2${path.replace(/\/+$/, '')}`, mirror: true };
  });
  const own = namespace === 'docker.io' ? 'registry-1.docker.io' : namespace;
  return [...mirrors, { ...connection(own, config[namespace] ?? {}), path: '/v2', mirror: false }];
}

function connection(
  host: string,
  config: RegistryHostConfig,
): Pick<RegistryHost, 'host' | 'scheme' | 'fallbackToHttp' | 'tls'> {
  const plain = config.http ?? isLoopback(host.replace(/:\d*$/, ''));
  const { ca, keypairs, insecure } = config;
  const tls = { ...(ca && { ca }), ...(keypairs && { keypairs }), ...(insecure && { insecure }) };
  // With `insecure`, https is tried first even where http is allowed.
  if (insecure) return { host, scheme: 'https', fallbackToHttp: plain, tls };
  return { host, scheme: plain ? 'http' : 'https', fallbackToHttp: false, tls };
}

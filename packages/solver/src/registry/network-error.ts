import { redactUrls, type SolveFailure } from '@llb-ts/backend';
import { environmentFailure, errnoOf } from '../error/error.ts';

/** Errors of sockets after which the same request may well succeed. */
const TRANSIENT = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
]);

/** True if it is worth to try again: cut connections and timeouts, not a refused connection or an unknown host. */
export function isTransient(error: unknown): boolean {
  return chainOf(error).some((one) => TRANSIENT.has(errnoOf(one) ?? ''));
}

/** A request that had no answer, in Go's words, with what to do about it. `before` comes before the words. */
export function networkFailure(method: string, url: string, error: unknown, before = ''): SolveFailure {
  return environmentFailure(`${before}${describeNetworkError(method, url, error)}`, {
    hint: hintOf(url, error),
    cause: error,
  });
}

function hintOf(url: string, error: unknown): string {
  const { host, hostname } = new URL(url);
  const codes = chainOf(error).map((one) => errnoOf(one) ?? '');
  if (codes.includes('ECONNREFUSED'))
    return `nothing listens at ${host}: is the server running, and the port right?`;
  if (codes.includes('ENOTFOUND')) return `nobody knows a host ${hostname}: check the name, and the network`;
  if (codes.some((code) => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code))) {
    return `the certificate of ${host} is not trusted: name its authority with NODE_EXTRA_CA_CERTS, or ca in the configuration file`;
  }
  return `${host} did not answer: try again, and check the network and proxies (HTTPS_PROXY, NO_PROXY)`;
}

/** An error of a request in Go's words: `Get "URL": dial tcp HOST: connect: connection refused`. */
export function describeNetworkError(method: string, url: string, error: unknown): string {
  const verb = method.slice(0, 1) + method.slice(1).toLowerCase();
  return `${verb} "${redactUrls(url)}": ${reasonOf(url, error)}`;
}

function reasonOf(url: string, error: unknown): string {
  const codes = chainOf(error).map((one) => errnoOf(one));
  const { hostname, port, protocol } = new URL(url);
  const address = `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  if (codes.includes('ECONNREFUSED')) return `dial tcp ${address}: connect: connection refused`;
  if (codes.includes('ENOTFOUND')) return `dial tcp: lookup ${hostname}: no such host`;
  if (codes.includes('EAI_AGAIN'))
    return `dial tcp: lookup ${hostname}: Temporary failure in name resolution`;
  if (codes.includes('ENETUNREACH')) return `dial tcp ${address}: connect: network is unreachable`;
  if (codes.includes('EHOSTUNREACH')) return `dial tcp ${address}: connect: no route to host`;
  if (codes.includes('UND_ERR_CONNECT_TIMEOUT')) return `dial tcp ${address}: i/o timeout`;
  if (codes.includes('UND_ERR_HEADERS_TIMEOUT')) return 'net/http: timeout awaiting response headers';
  if (codes.includes('ECONNRESET')) return 'read: connection reset by peer';
  if (codes.includes('UND_ERR_SOCKET')) return 'EOF';
  const messages = chainOf(error).map((one) => (one instanceof Error ? one.message : String(one)));
  return messages.at(-1) ?? 'unknown error';
}

/** The error, what caused it, and so on; of several tried addresses, each. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let next: unknown = error; next !== undefined && chain.length < 8; ) {
    chain.push(next);
    if (next instanceof AggregateError) chain.push(...next.errors);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}

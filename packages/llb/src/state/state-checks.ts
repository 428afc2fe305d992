import type { Caller } from '../base/call-site.ts';
import { long, nonEmpty, oneOf, text } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { canonicalIP } from '../base/ip.ts';
import type { HostIP, NetMode, SecurityMode, Ulimit } from '../graph/graph.ts';

export function checkNetMode(at: Caller, mode: unknown): NetMode {
  return oneOf(at, 'the network mode', ['sandbox', 'host', 'none'], mode);
}

export function checkSecurityMode(at: Caller, mode: unknown): SecurityMode {
  if (mode !== 'sandbox' && mode !== 'insecure') {
    throw invalid(at, `invalid security mode ${String(mode)}`, 'it is "sandbox" or "insecure"');
  }
  return mode;
}

export function checkHost(at: Caller, host: unknown, ip: unknown): HostIP {
  const address = canonicalIP(text(at, 'the IP address', ip));
  if (address === undefined) throw invalid(at, `${JSON.stringify(ip)} is no IP address`);
  return Object.freeze({ host: nonEmpty(at, 'the host name', host), ip: address });
}

export function checkUlimit(at: Caller, name: unknown, soft: unknown, hard: unknown): Ulimit {
  return Object.freeze({
    name: nonEmpty(at, 'the limit', name),
    soft: long(at, 'the soft limit', soft, { min: -1n }),
    hard: long(at, 'the hard limit', hard, { min: -1n }),
  });
}

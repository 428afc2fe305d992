import net from 'node:net';
import { stepFailure } from '../../error/error.ts';
import { DEFAULT_HOSTNAME } from '../step/defaults.ts';

/** The content of `/etc/hosts` (`executor/oci/hosts.go`). */
export function hostsFile(
  hostname: string,
  extraHosts: readonly { readonly host: string; readonly ip: string }[],
): string {
  const lines = [
    `127.0.0.1\tlocalhost ${hostname || DEFAULT_HOSTNAME}`,
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...extraHosts.map(({ host, ip }) => `${canonicalAddress(ip)}\t${host}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** An address as Go prints it. Fails with BuildKit's text for one that is none. */
export function canonicalAddress(ip: string): string {
  const version = net.isIP(ip);
  // Zones are no part of an address here.
  if (version === 0 || ip.includes('%')) throw stepFailure(`failed to parse IP ${ip}`);
  if (version === 4) return ip;
  const canonical = new URL(`http://[${ip}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

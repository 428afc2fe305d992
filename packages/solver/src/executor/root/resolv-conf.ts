import fs from 'node:fs';
import net from 'node:net';
import { errnoOf } from '../../error/error.ts';

const PATH = '/etc/resolv.conf';
/** The servers that systemd-resolved uses itself; its own file names only a server on the host's loopback. */
const SYSTEMD_PATH = '/run/systemd/resolve/resolv.conf';
/** Public servers for a container whose host has none that it could reach. */
const PUBLIC_SERVERS = ['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'];

/**
 * The content of `/etc/resolv.conf`, made from the host's (`executor/oci/resolvconf.go`, `util/resolvconf`).
 * @param isHostNetwork the process was promised the host's network, where servers on the loopback can be reached
 */
export function resolvConf(isHostNetwork: boolean): string {
  let parsed = parse(readIfThere(PATH));
  if (!isHostNetwork && parsed.servers.length === 1 && parsed.servers[0] === '127.0.0.53') {
    parsed = parse(readIfThere(SYSTEMD_PATH));
  }
  return generate(parsed, isHostNetwork);
}

export interface ResolvConf {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** Lines of other kinds, as they are. */
  readonly other: readonly string[];
}

export function parse(text: string): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  const other: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [key, ...values] = line.trim().split(/\s+/);
    if (!key || /^[#;]/.test(line)) continue;
    if (key === 'nameserver') {
      if (values[0] !== undefined && net.isIP(values[0])) servers.push(values[0]);
    } else if (key === 'domain' || key === 'search') {
      if (values.length > 0) search = values;
    } else if (key === 'options') {
      options.push(...values);
    } else {
      other.push(line);
    }
  }
  return { servers, search, options, other };
}

export function generate({ servers, search, options, other }: ResolvConf, isHostNetwork: boolean): string {
  const reachable = isHostNetwork ? servers : servers.filter((server) => !isLoopback(server));
  const lines = (reachable.length > 0 ? reachable : PUBLIC_SERVERS).map((server) => `nameserver ${server}`);
  if (search.length > 0) lines.push(`search ${search.join(' ')}`);
  if (options.length > 0) lines.push(`options ${options.join(' ')}`);
  return [...lines, ...other].map((line) => `${line}\n`).join('');
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address.split('%')[0] === '::1';
}

function readIfThere(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}

import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { usageError } from '../error/cli-error.ts';
import { systemReason } from '../error/system-error.ts';

/**
 * Reads `--ssh ID[=SOCKET]`: id → path of an agent's socket. Without a socket the agent of `SSH_AUTH_SOCK` is taken;
 * without an id the id is `default`.
 */
export function parseSsh(
  values: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const sockets = new Map<string, string>();
  for (const value of values) {
    const equals = value.indexOf('=');
    const id = (equals < 0 ? value : value.slice(0, equals)) || 'default';
    const given = equals < 0 ? '' : value.slice(equals + 1);
    if (sockets.has(id)) throw usageError(`--ssh ${value}: the id ${JSON.stringify(id)} is given twice`);
    if (given.includes(',')) {
      throw usageError(
        `--ssh ${value}: one socket an id`,
        'put the keys into an ssh-agent and name its socket',
      );
    }
    const path = given || env.SSH_AUTH_SOCK || '';
    if (path === '') {
      throw usageError(
        `--ssh ${value}: no agent is running (SSH_AUTH_SOCK is not set)`,
        'name a socket: --ssh ID=SOCKET',
      );
    }
    requireSocket(path, value);
    sockets.set(id, resolve(path));
  }
  return Object.fromEntries(sockets);
}

function requireSocket(path: string, value: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw usageError(`--ssh ${value}: ${path}: ${systemReason(cause)}`);
  }
  if (!stats.isSocket()) {
    throw usageError(
      `--ssh ${value}: ${path} is not a socket`,
      'put the key into an ssh-agent and name its socket',
    );
  }
}

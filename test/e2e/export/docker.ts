import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { findProgram } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';

/** A Docker daemon of a test's own, with nothing in it. */
export interface Docker extends Daemon {
  docker(...args: readonly string[]): Promise<RunResult>;
}

/** Starts Debian's dockerd with everything of it in `folder`, and no network. */
export async function startDocker(folder: string): Promise<Docker> {
  mkdirSync(folder, { recursive: true });
  const host = `unix://${join(folder, 'docker.sock')}`;
  const config = join(folder, 'daemon.json');
  // A driver that works on any filesystem; rules of the machine's firewall stay as they are.
  writeFileSync(
    config,
    JSON.stringify({ 'storage-driver': 'vfs', bridge: 'none', iptables: false, 'ip-forward': false }),
  );
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
  const docker = (...args: readonly string[]) =>
    run(findProgram('docker') ?? 'docker', ['--host', host, ...args]);
  const daemon = await startDaemon(
    'dockerd',
    ['--config-file', config, ...places, '--pidfile', join(folder, 'docker.pid'), '--host', host],
    async () => (await docker('version')).status === 0,
  );
  return { docker, ...daemon };
}

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';

/** A Docker daemon of a test's own, with nothing in it. */
export interface Docker {
  docker(...args: readonly string[]): Promise<RunResult>;
  stop(): Promise<void>;
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
  const child = spawn(
    findProgram('dockerd') ?? 'dockerd',
    ['--config-file', config, ...places, '--pidfile', join(folder, 'docker.pid'), '--host', host],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const docker = (...args: readonly string[]) =>
    run(findProgram('docker') ?? 'docker', ['--host', host, ...args]);
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`dockerd ended with ${child.exitCode}`);
    if ((await docker('version')).status === 0) return { docker, stop };
    await sleep(100);
  }
  await stop();
  throw new Error('dockerd did not start');
}

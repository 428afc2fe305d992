import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';

/** A containerd of a test's own, with nothing in it. */
export interface Containerd {
  ctr(...args: readonly string[]): Promise<RunResult>;
  stop(): Promise<void>;
}

/** Starts Debian's containerd with everything of it in `folder`. */
export async function startContainerd(folder: string): Promise<Containerd> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  const disabled = ['io.containerd.grpc.v1.cri', 'io.containerd.tracing.processor.v1.otlp'];
  writeFileSync(config, `version = 2\ndisabled_plugins = ${JSON.stringify(disabled)}\n`);
  const places = ['--root', join(folder, 'root'), '--state', join(folder, 'state'), '--address', socket];
  const child = spawn(findProgram('containerd') ?? 'containerd', ['--config', config, ...places], {
    stdio: 'ignore',
  });
  const ctr = (...args: readonly string[]) =>
    run(findProgram('ctr') ?? 'ctr', ['--address', socket, ...args]);
  const containerd = { ctr, stop: () => stop(child) };
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`containerd ended with ${child.exitCode}`);
    if ((await ctr('version')).status === 0) return containerd;
    await sleep(100);
  }
  await containerd.stop();
  throw new Error('containerd did not start');
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  return ended;
}

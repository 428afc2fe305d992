import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { findProgram } from '../../support/requirements.ts';
import { type RunResult, run } from '../../support/run.ts';

/** A containerd of a test's own, with nothing in it. */
export interface Containerd extends Daemon {
  ctr(...args: readonly string[]): Promise<RunResult>;
}

/** Starts Debian's containerd with everything of it in `folder`. */
export async function startContainerd(folder: string): Promise<Containerd> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  const disabled = ['io.containerd.grpc.v1.cri', 'io.containerd.tracing.processor.v1.otlp'];
  writeFileSync(config, `version = 2\ndisabled_plugins = ${JSON.stringify(disabled)}\n`);
  const places = ['--root', join(folder, 'root'), '--state', join(folder, 'state'), '--address', socket];
  const ctr = (...args: readonly string[]) =>
    run(findProgram('ctr') ?? 'ctr', ['--address', socket, ...args]);
  const daemon = await startDaemon(
    'containerd',
    ['--config', config, ...places],
    async () => (await ctr('version')).status === 0,
  );
  return { ctr, ...daemon };
}

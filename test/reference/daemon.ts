import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../support/requirements.ts';
import { removeFolder, temporaryFolder } from '../support/temporary.ts';

/** A BuildKit to compare with. Stop it when done; one that was found running is left running. */
export interface ReferenceDaemon {
  /** For `--addr` and `BUILDKIT_HOST`. */
  readonly address: string;
  /** Its process; undefined for one that was found running. */
  readonly pid?: number;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** More flags for buildkitd. Default: none. */
  readonly flags?: readonly string[];
  /** Seconds it may take to answer. Default: 60. */
  readonly patience?: number;
}

/** The BuildKit at `BUILDKIT_HOST`, or one started for the caller where none is named. */
export async function referenceDaemon(): Promise<ReferenceDaemon> {
  const address = process.env.BUILDKIT_HOST;
  if (address) return { address, stop: async () => undefined };
  return startDaemon();
}

/**
 * Starts buildkitd as root, with runc, the host's network and a root folder of its own that is removed when it stops.
 * The tests that use it need the component `reference-daemon`. Fails with the end of its log when it does not answer.
 */
export async function startDaemon({
  flags = [],
  patience = 60,
}: DaemonOptions = {}): Promise<ReferenceDaemon> {
  const buildkitd = findProgram('buildkitd');
  const buildctl = findProgram('buildctl');
  if (!buildkitd || !buildctl) {
    throw new Error('no reference BuildKit: run test/golden/reference/build.sh, or set LLB_TS_REFERENCE_BIN');
  }
  const folder = temporaryFolder();
  const address = `unix://${join(folder, 'buildkitd.sock')}`;
  const log = await open(join(folder, 'buildkitd.log'), 'w');
  const daemon = spawn(
    buildkitd,
    [
      ...['--root', join(folder, 'root'), '--addr', address],
      ...['--oci-worker-binary', findProgram('runc') ?? 'runc', '--oci-worker-net', 'host'],
      ...flags,
    ],
    { stdio: ['ignore', log.fd, log.fd], detached: true },
  );
  await log.close();

  // Nothing is left behind when the test process ends early: the daemon is killed before its folder is removed.
  const killAtExit = () => daemon.kill('SIGKILL');
  process.prependOnceListener('exit', killAtExit);
  const stop = async () => {
    process.off('exit', killAtExit);
    await end(daemon);
    removeFolder(folder);
  };

  try {
    await answering(daemon, buildctl, address, patience);
  } catch (cause) {
    const tail = readFileSync(join(folder, 'buildkitd.log'), 'utf8').split('\n').slice(-20).join('\n');
    await stop();
    throw new Error(`the reference BuildKit did not start:\n${tail}`, { cause });
  }
  return { address, ...(daemon.pid !== undefined && { pid: daemon.pid }), stop };
}

async function answering(
  daemon: ChildProcess,
  buildctl: string,
  address: string,
  patience: number,
): Promise<void> {
  const deadline = Date.now() + patience * 1000;
  while (Date.now() < deadline) {
    if (daemon.exitCode !== null || daemon.signalCode !== null) throw new Error('it ended at once');
    const asked = spawnSync(buildctl, ['--addr', address, 'debug', 'workers'], { timeout: 10_000 });
    if (asked.status === 0) return;
    await sleep(200);
  }
  throw new Error(`it did not answer within ${patience} s`);
}

/** Asks it to stop, and makes it after ten seconds. */
async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  daemon.kill('SIGTERM');
  await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
  if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill('SIGKILL');
  await ended;
}

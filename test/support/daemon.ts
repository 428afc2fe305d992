import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './requirements.ts';

/** A server that a test has started. */
export interface Daemon {
  /** Ends it, and waits until it has ended. Default: `SIGTERM`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts a program that serves, and waits until it answers; fails where it ends before or does not answer in 30 seconds.
 * @param isUp asked again and again
 */
export async function startDaemon(
  program: string,
  args: readonly string[],
  isUp: () => Promise<boolean>,
): Promise<Daemon> {
  const child = spawn(findProgram(program) ?? program, args, { stdio: 'ignore' });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.once('close', end).once('error', end);
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!hasEnded) child.kill(signal);
    await ended;
  };
  for (let attempt = 0; attempt < 300; attempt++) {
    if (hasEnded) throw new Error(`${program} ended with ${child.exitCode}`);
    if (await isUp()) return { stop };
    await sleep(100);
  }
  await stop();
  throw new Error(`${program} did not start`);
}

/** A port of this machine that nobody serves at. */
export function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => found(port));
    });
  });
}

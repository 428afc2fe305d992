import { spawn } from 'node:child_process';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Repositories over the Git protocol. */
export interface GitServer {
  /** Below it are the repositories, each under the name of its folder. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves every repository of a folder on this machine. */
export async function serveGit(folder: string): Promise<GitServer> {
  const port = await freePort();
  const options = ['--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`];
  const daemon = spawn('git', ['daemon', ...options, `--base-path=${folder}`], {
    stdio: 'ignore',
    detached: true,
  });
  const close = async () => {
    const ended = new Promise((done) => daemon.once('close', done));
    // git starts the daemon as a process of its own.
    process.kill(-(daemon.pid as number), 'SIGTERM');
    await ended;
  };
  try {
    await reachable(port);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `git://127.0.0.1:${port}`, close };
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => found(port));
    });
  });
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answered = await new Promise<boolean>((tried) => {
      const socket = connect(port, '127.0.0.1', () => tried(true)).on('error', () => tried(false));
      socket.on('connect', () => socket.destroy());
    });
    if (answered) return;
    await sleep(50);
  }
  throw new Error('git daemon did not start');
}

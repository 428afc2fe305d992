import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { freePort, startDaemon } from '../../support/daemon.ts';

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
  // Not by way of `git`, which would start it as a further process.
  const programs = execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
  const daemon = await startDaemon(`${programs}/git-daemon`, [...options, `--base-path=${folder}`], () =>
    answers(port),
  );
  return { url: `git://127.0.0.1:${port}`, close: () => daemon.stop() };
}

function answers(port: number): Promise<boolean> {
  return new Promise((tried) => {
    const socket = connect(port, '127.0.0.1', () => tried(true)).on('error', () => tried(false));
    socket.on('connect', () => socket.destroy());
  });
}

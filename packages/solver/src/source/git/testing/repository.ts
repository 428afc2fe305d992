/** Repositories, a git server and a source for the tests in this folder. */
import { execFileSync, spawn } from 'node:child_process';
import type http from 'node:http';
import { FileBlobPlaces } from '../../../blob/blob-places.ts';
import { BlobStore } from '../../../blob/blob-store.ts';
import { HttpClient } from '../../../registry/http-client.ts';
import { ScriptedServer } from '../../../registry/testing/registry-server.ts';
import type { Source } from '../../contract/source.ts';
import type { SourceBench } from '../../testing/workbench.ts';
import { type GitSourceOptions, gitSource } from '../git-source.ts';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

/** Runs git in a folder; commits are made at a fixed time unless `time` (seconds since 1970) says another. */
export function git(cwd: string, args: readonly string[], time = 1_000_000_000): string {
  const date = `${time} +0000`;
  return execFileSync('git', ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...IDENTITY,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
    },
  }).trim();
}

/** Serves the repositories in a folder by http, with git's own program for that. */
export async function serveRepositories(folder: string): Promise<ScriptedServer> {
  const server = await new ScriptedServer().start();
  server.answer = (request, response) => answerAsCgi(folder, request, response);
  return server;
}

function answerAsCgi(folder: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://here');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  const parts: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => parts.push(data));
  child.once('close', () => {
    const output = Buffer.concat(parts);
    const end = output.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of output.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*(.*)/s);
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status).end(output.subarray(end + 4));
  });
}

/** A source of git repositories in the store of a bench. Default: without secrets, SSH agent and bundles. */
export function gitSourceOn(bench: SourceBench, more: Partial<GitSourceOptions> = {}): Source {
  return gitSource({
    ...bench,
    store: bench.store,
    http: new HttpClient(),
    capabilities: { secrets: async () => undefined, agents: undefined },
    blobs: new BlobStore(bench.root, () => bench.layers.stage()),
    places: new FileBlobPlaces(bench.root),
    open: async () => {
      throw new Error('no bundle here');
    },
    ...more,
  });
}

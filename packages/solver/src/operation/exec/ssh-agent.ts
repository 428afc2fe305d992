import fs from 'node:fs';
import net from 'node:net';
import type { AgentSource } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';

const DEFAULT_ID = 'default';

/** The socket of the agent for an id. Fails with BuildKit's texts where there is none (docs/buildkit-semantics.md#secrets-and-ssh). */
export async function agentSocket(id: string, agents: AgentSource | undefined): Promise<string> {
  if (!agents) {
    throw stepFailure(`no SSH key "${id}" forwarded from the client`, {
      hint: 'forward an agent with --ssh default',
    });
  }
  const name = id || DEFAULT_ID;
  const agent = await agents(name);
  if (!agent) {
    throw stepFailure(`unset ssh forward key ${name}`, {
      hint: `forward an agent with --ssh ${name}=SOCKET`,
    });
  }
  return agent.path;
}

export interface ForwardedAgent {
  /** A socket that may be given to a process. */
  readonly path: string;
  close(): void;
}

/** A socket at `path`, with an owner and mode of its own, that leads to the agent: the agent's own cannot be given away. */
export async function forwardAgent(
  agent: string,
  path: string,
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
): Promise<ForwardedAgent> {
  const open = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(agent);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      // One side that fails or leaves takes the other along; the process sees a closed connection.
      from.once('error', () => to.destroy());
      from.once('close', () => {
        open.delete(from);
        to.end();
      });
    }
  });
  await listen(server, path);
  server.unref();
  fs.chownSync(path, uid, gid);
  fs.chmodSync(path, mode & 0o777);
  return {
    path,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** The name of a socket has at most 107 bytes, so it is reached through its folder. */
async function listen(server: net.Server, path: string): Promise<void> {
  const cut = path.lastIndexOf('/');
  const folder = fs.openSync(path.slice(0, cut), fs.constants.O_DIRECTORY);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(`/proc/self/fd/${folder}${path.slice(cut)}`, resolve);
    });
  } finally {
    fs.closeSync(folder);
  }
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CallResult, type Rig, withRig } from '../cli/rig.ts';
import { type Registry, type RegistryOptions, startRegistry } from '../export/registry.ts';
import type { Server } from './servers.ts';

/** A layer of a few megabytes that do not pack, so that a transfer can be cut in its midst. */
export const LARGE = 4_000_000;

const build = `import { Image, Local, Copy, Mkfile, Scratch } from 'llb-ts';
export default {
  small: Scratch().File(Mkfile('/text', 0o644, 'small\\n')),
  large: Scratch().File(Copy(Local('large', { dir: './large' }), '/', '/')),
  pulled: () => Scratch().File(Copy(Image(process.env.REF!), '/', '/')),
};
`;

/** A rig with servers that stop when it is gone. */
export interface RegistryRig extends Rig {
  registry(options?: RegistryOptions): Promise<Registry>;
  /** Takes on a server that was started. */
  own<T extends Server>(server: T): T;
  /** Builds a target and pushes it. */
  push(target: string, name: string, options?: TransferOptions): Promise<CallResult>;
  /** Pulls an image into `out`. */
  pull(ref: string, options?: TransferOptions): Promise<CallResult>;
}

export interface TransferOptions {
  /** Content of `config.toml`. */
  readonly config?: string;
  /** Docker's `config.json`. Default: one that says nothing. */
  readonly docker?: object;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The store, below the rig. Default: `pushed` and `pulled`, so that a pull finds nothing of a push. */
  readonly store?: string;
}

export function withRegistryRig(use: (rig: RegistryRig) => Promise<void>): Promise<void> {
  return withRig({ 'build.ts': build }, async (rig) => {
    const servers: { stop(): Promise<void> }[] = [];
    const own = <T extends { stop(): Promise<void> }>(server: T): T => {
      servers.push(server);
      return server;
    };
    const solve = (args: readonly string[], store: string, options: TransferOptions) =>
      rig.call(['solve', 'build.ts', ...args], {
        env: {
          ...environmentFor(rig, options),
          LLB_TS_STATE_DIR: join(rig.folder, options.store ?? store),
          ...options.env,
        },
      });
    try {
      await use({
        ...rig,
        own,
        registry: async (options) =>
          own(await startRegistry(join(rig.folder, `r${servers.length}`), options)),
        push: (target, name, options = {}) =>
          solve([target, '-o', `type=image,name=${name},push=true`], 'pushed', options),
        pull: (ref, options = {}) =>
          solve(['pulled', '-o', 'out'], 'pulled', { ...options, env: { REF: ref, ...options.env } }),
      });
    } finally {
      for (const server of servers) await server.stop();
    }
  });
}

/** No configuration but what the test gives. */
function environmentFor(rig: Rig, { config = '', docker = {} }: TransferOptions) {
  const folder = join(rig.folder, 'settings');
  mkdirSync(folder, { recursive: true });
  const files = { toml: join(folder, 'config.toml'), json: join(folder, 'config.json') };
  writeFileSync(files.toml, config);
  writeFileSync(files.json, JSON.stringify(docker));
  return { LLB_TS_CONFIG: files.toml, DOCKER_CONFIG: folder, DOCKER_AUTH_CONFIG: undefined };
}

/** Docker's configuration file after `docker login`. */
export function loggedIn(host: string, password = 'secret'): object {
  return { auths: { [host]: { auth: Buffer.from(`user:${password}`).toString('base64') } } };
}

export function expectDone({ status, stderr }: CallResult): void {
  expect([status, stderr]).toEqual([0, expect.stringContaining('solved in')]);
}

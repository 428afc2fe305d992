import fs from 'node:fs';
import type { Capabilities, SecretSource } from '@llb-ts/backend';
import { stepFailure } from '../../error.ts';
import type { GitWish } from './git-attributes.ts';

/** What git needs to be let in. */
export interface GitLogin {
  readonly args: readonly string[];
  readonly sshSocket: string | undefined;
  /** File with host keys. */
  readonly knownHosts: string | undefined;
}

/**
 * Finds the credentials for a remote: the first of the header and token secrets, those named after the host before the
 * others; the agent of an ssh remote.
 *
 * @param stage makes a folder that the caller removes with all else it staged
 */
export async function gitLogin(
  wish: GitWish,
  { secrets, agents }: Pick<Capabilities, 'secrets' | 'agents'>,
  stage: () => string,
): Promise<GitLogin> {
  const { sshSocket, knownHosts } = wish;
  const agent = sshSocket === '' ? undefined : await agents?.(sshSocket);
  if (sshSocket !== '' && !agent) {
    throw stepFailure(`no SSH key "${sshSocket}" forwarded from the client`, {
      hint: `forward an agent: --ssh ${sshSocket}`,
    });
  }
  let hostsFile: string | undefined;
  if (knownHosts !== '') {
    hostsFile = `${stage()}/known_hosts`;
    fs.writeFileSync(hostsFile, knownHosts);
  }
  return {
    args: await extraHeader(wish, secrets),
    sshSocket: agent?.path,
    knownHosts: hostsFile,
  };
}

async function extraHeader(
  { remote, authHeaderSecret, authTokenSecret }: GitWish,
  secrets: SecretSource,
): Promise<readonly string[]> {
  const host = /^[a-z]+:\/\/(?:[^/]*@)?([^/]*)/.exec(remote)?.[1] ?? '';
  for (const suffix of [`.${host}`, '']) {
    for (const [name, isToken] of [
      [authHeaderSecret, false],
      [authTokenSecret, true],
    ] as const) {
      const secret = name === '' ? undefined : await secrets(name + suffix);
      if (!secret) continue;
      const text = Buffer.from(secret).toString('utf8');
      const value = isToken ? `basic ${Buffer.from(`x-access-token:${text}`).toString('base64')}` : text;
      return ['-c', `http.${tokenScope(remote)}.extraheader=Authorization: ${value}`];
    }
  }
  return [];
}

/** Everything at one well-known host counts as one place, so that submodules are let in too. */
function tokenScope(remote: string): string {
  return (
    ['https://github.com/', 'https://www.github.com/'].find((prefix) => remote.startsWith(prefix)) ?? remote
  );
}

import fs from 'node:fs';
import type { Capabilities, SecretSource } from '@llb-ts/backend';
import { environmentFailure, stepFailure } from '../../error/error.ts';
import type { HttpClient } from '../../registry/http-client.ts';
import { describeNetworkError } from '../../registry/network-error.ts';
import type { GitAttributes } from './git-attributes.ts';
import { withoutPassword } from './git-url.ts';

/** Git's credentials. Never put them in an argument: every user of the machine can read those. */
export interface GitLogin {
  readonly authorization: GitAuthorization | undefined;
  /** User and password of the remote's URL. */
  readonly credentials: GitCredentials | undefined;
  readonly sshSocket: string | undefined;
  /** File with host keys. */
  readonly knownHosts: string | undefined;
}

/** A header that is sent with every request below a URL. */
export interface GitAuthorization {
  readonly scope: string;
  /** With its name. */
  readonly header: string;
  /**
   * True if the remote redirects to nothing but itself. Git sends the header to every host that it is redirected to, so
   * it may follow redirects only then.
   */
  readonly staysThere: () => Promise<boolean>;
}

export interface GitCredentials {
  /** Scheme and host: where they may be sent. */
  readonly origin: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Finds the credentials for a remote: the first of the header and token secrets, those named after the host before the
 * others; the agent of an ssh remote.
 *
 * @param stage makes a folder that the caller removes with all else it staged
 */
export async function gitLogin(
  attributes: GitAttributes,
  { secrets, agents }: Pick<Capabilities, 'secrets' | 'agents'>,
  http: HttpClient,
  stage: () => string,
): Promise<GitLogin> {
  const { sshSocket, knownHosts } = attributes;
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
    authorization: await authorizationOf(attributes, secrets, http),
    credentials: credentialsOf(attributes.remote),
    sshSocket: agent?.path,
    knownHosts: hostsFile,
  };
}

async function authorizationOf(
  { remote, authHeaderSecret, authTokenSecret }: GitAttributes,
  secrets: SecretSource,
  http: HttpClient,
): Promise<GitAuthorization | undefined> {
  const bare = withoutPassword(remote);
  const host = /^[a-z]+:\/\/(?:[^/]*@)?([^/]*)/.exec(bare)?.[1] ?? '';
  for (const suffix of [`.${host}`, '']) {
    for (const [name, isToken] of [
      [authHeaderSecret, false],
      [authTokenSecret, true],
    ] as const) {
      const secret = name === '' ? undefined : await secrets(name + suffix);
      if (!secret) continue;
      const text = Buffer.from(secret).toString('utf8');
      const value = isToken ? `basic ${Buffer.from(`x-access-token:${text}`).toString('base64')}` : text;
      let staying: Promise<boolean> | undefined;
      return {
        scope: tokenScope(bare),
        header: `Authorization: ${value}`,
        staysThere: () => {
          staying ??= staysAtHost(bare, value, http);
          return staying;
        },
      };
    }
  }
  return undefined;
}

/** Asks what git asks first. */
async function staysAtHost(remote: string, authorization: string, http: HttpClient): Promise<boolean> {
  const url = `${remote}/info/refs?service=git-upload-pack`;
  try {
    const response = await http.send({ method: 'GET', url, headers: { authorization } });
    await response.drop();
    return new URL(response.url).origin === new URL(url).origin;
  } catch (error) {
    throw environmentFailure(describeNetworkError('GET', url, error), { cause: error });
  }
}

function credentialsOf(remote: string): GitCredentials | undefined {
  const url = /^https?:/.test(remote) && URL.canParse(remote) ? new URL(remote) : undefined;
  if (!url || (url.username === '' && url.password === '')) return undefined;
  const { origin } = url;
  return { origin, username: decoded(url.username), password: decoded(url.password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Everything at one well-known host counts as one place, so that submodules are let in too. */
function tokenScope(remote: string): string {
  return (
    ['https://github.com/', 'https://www.github.com/'].find((prefix) => remote.startsWith(prefix)) ?? remote
  );
}

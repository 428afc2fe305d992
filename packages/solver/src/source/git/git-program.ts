import { spawn } from 'node:child_process';
import { environmentFailure, errnoOf, stepFailure } from '../../error/error.ts';
import { isCommit } from './git-attributes.ts';
import type { GitAuthorization, GitCredentials } from './git-login.ts';

export interface GitOptions {
  readonly gitDir?: string;
  readonly workTree?: string;
  readonly authorization?: GitAuthorization | undefined;
  readonly credentials?: GitCredentials | undefined;
  readonly sshSocket?: string | undefined;
  readonly knownHosts?: string | undefined;
  readonly advice: boolean;
  readonly signal: AbortSignal;
  /** Receives git's output as it arrives. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Uint8Array) => void;
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
/** How long git may take to end once it was told to. */
const KILL_DELAY = 10_000;

/**
 * The git program, kept from this machine's configuration and from asking questions (`util/gitutil/git_cli.go`).
 * Everything it makes has the modes of umask 022.
 */
export class Git {
  readonly #options: GitOptions;

  constructor(options: GitOptions) {
    this.#options = options;
  }

  /** The same with other options. */
  with(options: Partial<GitOptions>): Git {
    return new Git({ ...this.#options, ...options });
  }

  /**
   * Runs a command; returns what it wrote to stdout. Servers that cannot do a shallow fetch, or fetch a commit that no ref
   * names, are asked again without. Fails with `git stderr:\n…`.
   */
  async run(...args: readonly string[]): Promise<string> {
    return (await this.bytes(...args)).toString('utf8');
  }

  /** The same, with what it wrote as it came. */
  async bytes(...args: readonly string[]): Promise<Buffer> {
    let authorization = this.#options.authorization && { ...this.#options.authorization, redirects: false };
    for (let attempt = args; ; ) {
      const { status, stdout, stderr } = await this.#spawn(attempt, authorization);
      if (status === 'exit status 0') return stdout;
      this.#options.signal.throwIfAborted();
      if (authorization && !authorization.redirects && REDIRECTED.test(stderr)) {
        authorization = (await authorization.staysThere())
          ? { ...authorization, redirects: true }
          : undefined;
        continue;
      }
      const simpler = simplerFetch(attempt, stderr);
      if (!simpler) throw stepFailure(`git stderr:\n${stderr}: ${status}`);
      attempt = simpler;
    }
  }

  /** True if a command succeeds. */
  async succeeds(...args: readonly string[]): Promise<boolean> {
    const { status } = await this.#spawn(args);
    this.#options.signal.throwIfAborted();
    return status === 'exit status 0';
  }

  #spawn(
    command: readonly string[],
    authorization?: FollowedAuthorization,
  ): Promise<{ status: string; stdout: Buffer; stderr: string }> {
    const { gitDir, workTree, advice, signal, onOutput } = this.#options;
    const options = [
      // Keeps hostile repositories from naming folders of this machine as submodules.
      ...['-c', 'protocol.file.allow=user'],
      ...(advice ? [] : ['-c', 'advice.detachedHead=false']),
      ...(workTree === undefined ? [] : ['--work-tree', workTree]),
      ...(gitDir === undefined ? [] : ['--git-dir', gitDir]),
    ];
    return new Promise((resolve, reject) => {
      const child = spawn('/bin/sh', ['-c', 'umask 022; exec git "$@"', 'git', ...options, ...command], {
        cwd: workTree ?? '/',
        env: this.#environment(authorization),
        stdio: ['ignore', 'pipe', 'pipe'],
        // A process group of its own: git's helpers are to end with it.
        detached: true,
      });
      const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].on('data', (data: Buffer) => {
          output[stream].push(data);
          onOutput(stream, data);
        });
      }
      let killer: NodeJS.Timeout | undefined;
      const stop = () => {
        killGroup(child.pid, 'SIGTERM');
        killer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_DELAY);
      };
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      child.once('error', (error) => reject(error));
      child.once('close', (code, killedBy) => {
        clearTimeout(killer);
        signal.removeEventListener('abort', stop);
        const stderr = Buffer.concat(output.stderr).toString('utf8');
        if (code === 127 && /git: (?:command )?not found/.test(stderr)) return reject(missingGit());
        const status = killedBy ? `signal: ${killedBy}` : `exit status ${code}`;
        resolve({ status, stdout: Buffer.concat(output.stdout), stderr });
      });
    });
  }

  #environment(authorization: FollowedAuthorization | undefined): NodeJS.ProcessEnv {
    const { knownHosts, sshSocket, advice, credentials } = this.#options;
    const hosts = knownHosts ? `-o UserKnownHostsFile=${knownHosts}` : '-o StrictHostKeyChecking=no';
    return {
      PATH: process.env.PATH,
      GIT_TERMINAL_PROMPT: '0',
      GIT_SSH_COMMAND: `ssh -F /dev/null ${hosts}`,
      LC_ALL: 'C',
      GIT_ADVICE: advice ? '1' : '0',
      GIT_CONFIG_NOSYSTEM: '1',
      HOME: '/dev/null',
      GIT_CONFIG_GLOBAL: '/dev/null',
      ...Object.fromEntries(
        PROXIES.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
      ),
      ...(sshSocket && { SSH_AUTH_SOCK: sshSocket }),
      ...secretConfig(authorization, credentials),
    };
  }
}

/** An authorization, and whether git may follow redirects with it. */
type FollowedAuthorization = GitAuthorization & { readonly redirects: boolean };

/** Git's message when it met a redirect that it may not follow. */
const REDIRECTED = /The requested URL returned error: 30[12378]/;

/** Answers git's question for user and password from the environment. */
const CREDENTIAL_HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$LLB_TS_GIT_USERNAME" "$LLB_TS_GIT_PASSWORD"; }; f';

/** Configuration that goes by the environment, which only the user's own processes can read; every user can read arguments. */
function secretConfig(
  authorization: FollowedAuthorization | undefined,
  credentials: GitCredentials | undefined,
): Record<string, string> {
  const config: (readonly [key: string, value: string])[] = [];
  if (authorization) {
    const { scope, header, redirects } = authorization;
    config.push([`http.${scope}.extraheader`, header]);
    config.push([`http.${scope}.followredirects`, redirects ? 'initial' : 'false']);
  }
  if (credentials) config.push([`credential.${credentials.origin}.helper`, CREDENTIAL_HELPER]);
  return {
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], i) => [
        [`GIT_CONFIG_KEY_${i}`, key],
        [`GIT_CONFIG_VALUE_${i}`, value],
      ]),
    ),
    ...(credentials && {
      LLB_TS_GIT_USERNAME: credentials.username,
      LLB_TS_GIT_PASSWORD: credentials.password,
    }),
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function missingGit(): Error {
  return environmentFailure('failed to find git binary: exec: "git": executable file not found in $PATH', {
    hint: 'install git: sources of kind git are fetched with it',
  });
}

/** The command without what the server does not understand. */
function simplerFetch(args: readonly string[], stderr: string): readonly string[] | undefined {
  if (stderr.includes('--depth') || stderr.includes('shallow')) {
    const deep = args.filter((arg) => arg !== '--depth=1');
    if (deep.length < args.length) return deep;
  }
  const last = args.at(-1);
  if (stderr.includes('not our ref') || stderr.includes('unadvertised object')) {
    if (args.length > 2 && args[0] === 'fetch' && last !== undefined && isCommit(last))
      return args.slice(0, -1);
  }
  return undefined;
}

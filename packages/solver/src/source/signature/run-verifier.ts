import { spawn } from 'node:child_process';
import { environmentFailure, errnoOf } from '../../error.ts';

export interface VerifierRun {
  readonly program: 'gpg' | 'ssh-keygen';
  readonly args: readonly string[];
  /** What it reads on standard input. Default: nothing. */
  readonly input?: Uint8Array;
  readonly signal: AbortSignal;
}

const PACKAGES: Readonly<Record<VerifierRun['program'], string>> = {
  gpg: 'GnuPG (Debian: gpg)',
  'ssh-keygen': 'OpenSSH (Debian: openssh-client)',
};

/**
 * Runs a program of this machine that knows signatures, kept from the user's configuration. That it says no is an answer;
 * fails with code `environment` where it is missing.
 */
export function runVerifier({ program, args, input, signal }: VerifierRun): Promise<{
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/dev/null' },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    // It may have made up its mind before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.once('error', (error) => {
      reject(errnoOf(error) === 'ENOENT' ? missing(program) : error);
    });
    child.once('close', (code) => resolve({ status: code ?? -1, ...output }));
  });
}

function missing(program: VerifierRun['program']): Error {
  return environmentFailure(`cannot verify a signature: there is no program ${program}`, {
    hint: `install ${PACKAGES[program]}`,
  });
}

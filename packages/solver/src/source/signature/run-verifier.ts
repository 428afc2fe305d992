import { environmentFailure, errnoOf } from '../../error/error.ts';
import { type ProgramEnd, type ProgramRun, runProgram } from '../../host/run-program.ts';

export interface VerifierRun extends Pick<ProgramRun, 'args' | 'input' | 'signal'> {
  readonly program: keyof typeof PACKAGES;
}

const PACKAGES = {
  gpg: 'GnuPG (Debian: gpg)',
  'ssh-keygen': 'OpenSSH (Debian: openssh-client)',
} as const;

/**
 * Runs a program of this machine that knows signatures, kept from the user's configuration. That it says no is an answer;
 * fails with code `environment` where it is missing.
 */
export async function runVerifier({ program, args, input, signal }: VerifierRun): Promise<ProgramEnd> {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/dev/null' };
  try {
    return await runProgram({ program, args, env, input, signal });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw environmentFailure(`cannot verify a signature: there is no program ${program}`, {
      cause: error,
      hint: `install ${PACKAGES[program]}`,
    });
  }
}

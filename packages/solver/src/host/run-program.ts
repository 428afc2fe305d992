import { spawn } from 'node:child_process';

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Its standard input. Default: empty. */
  readonly input?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** Output and exit code of a program that was not stopped. */
export interface ProgramEnd {
  /** -1 when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program that says little, to its end; fails, with the system's error, only where it cannot be started or was
 * stopped, and then not before it is gone.
 */
export function runProgram({ program, args, env, input, signal }: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'pipe'], signal });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    // It may have ended before it has read its whole input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
      // A process that never started has no end to wait for.
      if (child.pid === undefined) reject(error);
    });
    child.once('close', (code) => {
      if (failure) reject(failure);
      else resolve({ status: code ?? -1, ...output });
    });
  });
}

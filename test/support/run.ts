import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until it is killed, which is an error. Default: 120,000. */
  readonly timeout?: number;
}

export interface RunResult {
  /** The exit code, or 128 + the signal's number, as a shell says it. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a program to its end; fails only when it cannot be started or takes too long. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeout = options.timeout ?? 120_000;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(`${program} ${args.join(' ')} did not end within ${timeout} ms\n${Buffer.concat(stderr)}`),
      );
    }, timeout);
    child.stdout.on('data', (data: Buffer) => stdout.push(data));
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    child.on('error', reject);
    // A program that fails early does not read its input; the exit code reports that.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const status = code ?? 128 + (SIGNALS[signal ?? ''] ?? 0);
      resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') });
    });
  });
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { startDaemon } from '../../reference/daemon.ts';
import { findProgram, whyMissing } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { TOOLS } from './cases.ts';

/** Something that builds, with a store of its own that is empty at first. */
export interface ExecContender {
  readonly name: string;
  /** Milliseconds from the start of the client to its end. */
  build(definition: Uint8Array): Promise<number>;
  stop(): Promise<void>;
}

export const REFERENCE = 'BuildKit';
const EXECUTORS = ['crun', 'runc', 'sandbox'] as const;

export interface StartOptions {
  readonly withReference: boolean;
  /** A folder for the stores. */
  readonly stores: string;
  /** The folder that builds take as {@link TOOLS}. */
  readonly tools: string;
}

/** `buildctl` on a running daemon that uses runc, and the CLI with everything that this machine has to run steps with. */
export async function startContenders(options: StartOptions): Promise<readonly ExecContender[]> {
  const ours = EXECUTORS.filter((name) => name === 'sandbox' || whyMissing(name) === undefined);
  return [
    ...(options.withReference ? [await reference(options)] : []),
    ...ours.map((executor) => withExecutor(executor, options)),
  ];
}

function withExecutor(executor: string, { stores, tools }: StartOptions): ExecContender {
  const place = ['--state-dir', join(stores, executor), '--executor', executor];
  const flags = ['solve', '-', '--progress', 'plain', ...place, '--local', `${TOOLS}=${tools}`];
  return {
    name: executor,
    build: (definition) => timed(process.execPath, [llbTsProgram(), ...flags], definition),
    stop: async () => {},
  };
}

async function reference({ tools }: StartOptions): Promise<ExecContender> {
  const { address, stop } = await startDaemon();
  const flags = ['--addr', address, 'build', '--progress', 'plain', '--local', `${TOOLS}=${tools}`];
  return {
    name: REFERENCE,
    build: (definition) => timed(findProgram('buildctl') ?? 'buildctl', flags, definition),
    stop,
  };
}

/** Runs a program to its end; fails with what it said when that is not a good one. */
export async function timed(
  program: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(),
): Promise<number> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (data: Buffer) => said.push(data));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = await new Promise<number | null>((done) => {
    child.once('close', done);
    child.once('error', () => done(null));
  });
  const took = performance.now() - started;
  if (status === 0) return took;
  const text = Buffer.concat(said).toString().slice(-2000);
  throw new Error(`${program} ${args.join(' ')} ended with exit code ${status}\n${text}`);
}

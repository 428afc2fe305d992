import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { startDaemon } from '../../reference/daemon.ts';
import { findProgram } from '../../support/requirements.ts';
import { llbTsProgram } from '../../support/solvers.ts';
import { forgetPeak, peakMiB } from './memory.ts';
import { workedOf } from './steps.ts';

/** One build as one side did it. */
export interface Measured {
  /** Milliseconds from the start of the client to its end. */
  readonly wall: number;
  readonly worked: ReadonlyMap<string, number>;
  /** Largest resident size of all processes that took part, in MiB. */
  readonly peak: number;
}

/** A side that builds, with an empty store at first. */
export interface Contender {
  readonly name: string;
  /** @param more flags that both clients have, such as `--output` */
  build(
    definition: Uint8Array,
    locals: Readonly<Record<string, string>>,
    more?: readonly string[],
  ): Promise<Measured>;
  stop(): Promise<void>;
}

/** The CLI, with its start: nothing of it runs between builds. */
export async function startOurs(folder: string): Promise<Contender> {
  const stateDir = join(folder, 'state');
  return {
    name: 'llb-ts',
    build: (definition, locals, more = []) => {
      const place = ['--progress', 'rawjson', '--state-dir', stateDir];
      const flags = ['solve', '-', ...place, ...localFlags(locals), ...more];
      return measured(process.execPath, [llbTsProgram(), ...flags], definition);
    },
    stop: async () => {},
  };
}

/** `buildctl` and a `buildkitd` that runs already, with a store of its own. */
export async function startReference(): Promise<Contender> {
  const { address, pid = 0, stop } = await startDaemon();
  const buildctl = findProgram('buildctl') ?? 'buildctl';
  return {
    name: 'BuildKit',
    build: async (definition, locals, more = []) => {
      forgetPeak(pid);
      const place = ['--addr', address, 'build', '--progress', 'rawjson'];
      const flags = [...place, ...localFlags(locals), ...more];
      const client = await measured(buildctl, flags, definition);
      return { ...client, peak: client.peak + peakMiB(pid) };
    },
    stop,
  };
}

async function measured(program: string, args: readonly string[], input: Uint8Array): Promise<Measured> {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const pid = pidOf(child);
  let peak = 0;
  // The last look before the end counts; a process does not shrink its own peak.
  const watch = setInterval(() => {
    peak = Math.max(peak, peakMiB(pid));
  }, 5);
  const stderr: Buffer[] = [];
  child.stderr?.on('data', (data: Buffer) => stderr.push(data));
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const status = await new Promise<number | null>((done) => child.on('close', done));
  const wall = performance.now() - started;
  clearInterval(watch);
  const text = Buffer.concat(stderr).toString();
  if (status !== 0) throw new Error(`${program} ended with exit code ${status}\n${text.slice(-2000)}`);
  return { wall, worked: workedOf(text), peak };
}

function localFlags(locals: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(locals).flatMap(([name, path]) => ['--local', `${name}=${path}`]);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the process did not start');
  return child.pid;
}

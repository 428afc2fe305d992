import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { llbTsProgram } from '../../support/solvers.ts';
import { environmentOf, type Rig } from '../cli/rig.ts';

/** A solve that runs while the test does something. */
export interface StartedSolve {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Standard error so far. */
  log(): string;
  /** Waits until the log says something, or the solve has ended. */
  says(what: RegExp): Promise<void>;
}

/** Starts `llb-ts` in the folder of a rig, with its store. */
export function startSolve(rig: Rig, args: readonly string[]): StartedSolve {
  const child = spawn(process.execPath, [llbTsProgram(), 'solve', ...args], {
    cwd: rig.folder,
    env: environmentOf(rig),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? signal)),
  );
  return {
    child,
    pid: child.pid ?? 0,
    ended,
    log: () => log,
    says: (what) => Promise.race([until(() => what.test(log)), ended.then(() => undefined)]),
  };
}

/** Looks until it is so; fails after two minutes, which is long on any machine. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 120_000; !isSo(); ) {
    if (Date.now() > deadline) throw new Error('it did not come about within two minutes');
    await sleep(5);
  }
}

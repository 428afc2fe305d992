import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { startChild, waitForChild } from './child.ts';
import { lstat } from './files.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import { changeDirectory, makePipe, setNamespace } from './kernel.ts';
import { O_PATH } from './mkdirat.ts';
import { childOf } from './process.ts';
import { findProgram } from './programs.ts';

const NAMESPACES = ['mnt', 'pid'] as const;
const POLL_MS = 1;
const PATIENCE_MS = 5_000;

/**
 * A pid namespace, with a mount namespace whose `/proc` shows it, for processes that this one starts. When this process
 * ends in any way, the kernel kills all of them: the first process of the namespace reads from a pipe that only this
 * process holds open, and ends with it.
 *
 * Later mounts of this process are visible inside only if they are made on shared mounts.
 */
export class PidNamespace {
  readonly #own: readonly number[];
  readonly #theirs: readonly number[];
  /** The write end of the pipe. The first process of the namespace ends when it is closed. */
  readonly #lifeline: number;

  readonly #ended: Promise<unknown>;

  private constructor(first: number, lifeline: number, ended: Promise<unknown>) {
    this.#ended = ended;
    this.#lifeline = lifeline;
    this.#own = NAMESPACES.map((kind) => fs.openSync(`/proc/thread-self/ns/${kind}`, 'r'));
    this.#theirs = NAMESPACES.map((kind) => fs.openSync(`/proc/${first}/ns/${kind}`, 'r'));
  }

  /**
   * Makes the namespace. Undefined without util-linux, and inside a user namespace: there a thread cannot return to the
   * pid namespace of the machine.
   */
  static async make(): Promise<PidNamespace | undefined> {
    const [unshare, cat] = [findProgram('unshare'), findProgram('cat')];
    if (!unshare || !cat || isInUserNamespace()) return undefined;
    const lifeline = makePipe();
    const nothing = fs.openSync('/dev/null', 'w');
    try {
      const pid = startChild({
        program: unshare,
        args: ['--mount', '--propagation', 'slave', '--pid', '--fork', '--mount-proc', '--', cat],
        env: {},
        files: [lifeline.read, nothing, nothing],
        ownSession: true,
      });
      const ended = waitForChild(pid, false).then(() => undefined);
      const first = await Promise.race([ended, firstProcess(pid, cat)]);
      if (first !== undefined) return new PidNamespace(first, lifeline.write, ended);
    } finally {
      fs.closeSync(lifeline.read);
      fs.closeSync(nothing);
    }
    fs.closeSync(lifeline.write);
    return undefined;
  }

  /** Calls the synchronous `start`; processes that it starts are in the namespace. */
  inside<T>(start: () => T): T {
    const here = fs.openSync('.', O_PATH);
    try {
      for (const file of this.#theirs) setNamespace(file);
      return start();
    } finally {
      for (const file of this.#own) setNamespace(file);
      changeDirectory(`/proc/self/fd/${here}`);
      fs.closeSync(here);
    }
  }

  /** True if all these paths (byte strings) are the same files inside as here; a mount may be missing inside. */
  shows(paths: readonly string[]): boolean {
    const identities = () =>
      paths.map((path) => {
        const stat = lstat(path);
        return stat && `${stat.dev}:${stat.ino}`;
      });
    const here = identities();
    const there = this.inside(identities);
    return here.every((identity, i) => identity !== undefined && identity === there[i]);
  }

  /** Kills all processes in the namespace and waits for their end. */
  async close(): Promise<void> {
    for (const file of [this.#lifeline, ...this.#own, ...this.#theirs]) fs.closeSync(file);
    // Waiting for a child does not keep this process alive; a timer does.
    const stay = setInterval(() => {}, 1_000);
    await this.#ended;
    clearInterval(stay);
  }
}

/** Waits until the child of `pid` has become `program`: then its namespaces are complete. */
async function firstProcess(pid: number, program: string): Promise<number | undefined> {
  const path = fs.realpathSync(program);
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    const child = childOf(pid);
    if (child !== undefined && programOf(child) === path) return child;
    await setTimeout(POLL_MS);
  }
  return undefined;
}

function programOf(pid: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

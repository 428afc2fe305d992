import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { startChild, waitForChild } from './child.ts';
import { lstat } from './files.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import { changeDirectory, makePipe, setNamespace } from './kernel.ts';
import { childOf } from './process.ts';
import { findProgram } from './programs.ts';

const NAMESPACES = ['mnt', 'pid'] as const;
const POLL_MS = 1;
const PATIENCE_MS = 5_000;

/**
 * A pid namespace for all processes that are started inside it, with a `/proc` that shows it. When this process ends,
 * however that comes about, the kernel kills everything in it: its first process reads from a pipe that only we hold open.
 *
 * Mounts that are made later in this process's namespace show inside as far as they lie on shared mounts.
 */
export class ProcessNest {
  readonly #own: readonly number[];
  readonly #theirs: readonly number[];
  /** The pipe whose end tells the nest that we are gone. */
  readonly #lifeline: number;

  readonly #ended: Promise<unknown>;

  private constructor(first: number, lifeline: number, ended: Promise<unknown>) {
    this.#ended = ended;
    this.#lifeline = lifeline;
    this.#own = NAMESPACES.map((kind) => fs.openSync(`/proc/thread-self/ns/${kind}`, 'r'));
    this.#theirs = NAMESPACES.map((kind) => fs.openSync(`/proc/${first}/ns/${kind}`, 'r'));
  }

  /**
   * Makes a nest; undefined where that is not possible: without util-linux, or inside a user namespace, from where a thread
   * that has left the machine's pid namespace cannot return.
   */
  static async make(): Promise<ProcessNest | undefined> {
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
      if (first !== undefined) return new ProcessNest(first, lifeline.write, ended);
    } finally {
      fs.closeSync(lifeline.read);
      fs.closeSync(nothing);
    }
    fs.closeSync(lifeline.write);
    return undefined;
  }

  /** Does something synchronous that starts processes; they are inside. */
  inside<T>(start: () => T): T {
    const O_PATH = 0o10000000;
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

  /** Whether all these paths (byte strings) are inside what they are here: a mount may not have reached the nest. */
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

  /** Kills what is inside, and waits until nothing of it is left. */
  async close(): Promise<void> {
    for (const file of [this.#lifeline, ...this.#own, ...this.#theirs]) fs.closeSync(file);
    // Waiting for the nest does not keep this process alive, so something must.
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

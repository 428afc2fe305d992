import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { environmentFailure } from '../error.ts';
import { endLease, isLeaseWanted, leaseFile } from '../host/kernel.ts';
import { childOf } from '../host/process.ts';

/** A program that starts when the gate is opened, not before. */
export interface Gate {
  /** Where it is. */
  readonly program: string;
  /**
   * Waits until a chain of programs that become or start one another, begun with process `pid`, stands at the gate.
   * @returns the process that does, undefined if the chain has ended
   */
  reached(pid: number): Promise<number | undefined>;
  open(): void;
  /** Opens the gate if nobody has, and gives it back. The program must have ended. */
  release(): void;
}

const POLL_MS = 1;

/** Gates before copies of one program, which are used again. */
export class Gates {
  readonly #program: string;
  readonly #folder: string;
  readonly #free: string[] = [];
  #made = 0;

  /** @param folder an empty folder */
  constructor(program: string, folder: string) {
    this.#program = program;
    this.#folder = folder;
  }

  /**
   * A closed gate: the kernel holds whoever starts the copy, because we hold a lease on it. Fails with an `environment`
   * failure where that cannot be had.
   */
  close(): Gate {
    const program = this.#free.pop() ?? this.#copy();
    const file = fs.openSync(program, 'r');
    let isHeld = false;
    try {
      leaseFile(file);
      isHeld = true;
    } catch (error) {
      fs.closeSync(file);
      throw environmentFailure('this machine cannot hold a process back while its root is furnished', {
        cause: error,
        hint: 'install crun or runc',
      });
    }
    const open = () => {
      if (isHeld) endLease(file);
      isHeld = false;
    };
    return {
      program,
      open,
      async reached(pid) {
        while (!isLeaseWanted(file)) {
          if (!fs.existsSync(`/proc/${pid}/root`)) return undefined;
          await setTimeout(POLL_MS);
        }
        return lastOfChain(pid);
      },
      release: () => {
        open();
        fs.closeSync(file);
        this.#free.push(program);
      },
    };
  }

  #copy(): string {
    const copy = `${this.#folder}/setpriv${this.#made++}`;
    fs.copyFileSync(this.#program, copy);
    fs.chmodSync(copy, 0o755);
    return copy;
  }
}

function lastOfChain(pid: number): number {
  const child = childOf(pid);
  return child === undefined ? pid : lastOfChain(child);
}

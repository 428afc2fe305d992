import type { Workbench } from '../../work/operation.ts';

export interface Transfer {
  /** Tells the transfer from others of the vertex. */
  readonly id: string;
  /** The activity: `downloading`, `transferring`. */
  readonly name: string;
  /** Bytes; 0 when unknown. */
  readonly total: number;
}

const INTERVAL = 100;

/** Says now and then how far a transfer has come. */
export class TransferProgress {
  readonly #transfer: Transfer;
  readonly #work: Workbench;
  readonly #started = Date.now();
  #current = 0;
  #last = 0;

  constructor(transfer: Transfer, work: Workbench) {
    this.#transfer = transfer;
    this.#work = work;
    this.#report();
  }

  /** Cheap: most calls say nothing. */
  advance(bytes: number): void {
    this.#current += bytes;
    if (Date.now() - this.#last >= INTERVAL) this.#report();
  }

  done(): void {
    this.#report(Date.now());
  }

  #report(completed?: number): void {
    this.#last = Date.now();
    this.#work.report({
      type: 'status',
      ...this.#transfer,
      current: this.#current,
      started: this.#started,
      ...(completed !== undefined && { completed }),
    });
  }
}

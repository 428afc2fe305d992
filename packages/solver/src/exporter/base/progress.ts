import type { ByteSink } from '../../archive/tar-writer-stream.ts';
import type { ExportWork } from './export-work.ts';

/** Entries, and bytes, between two turns for other work. */
const ENTRIES_PER_TURN = 256;
const BYTES_PER_TURN = 8 << 20;
const REPORT_EVERY_MS = 100;

/** Counts a long loop of small steps: lets others have a turn, and reports bytes now and then. */
export class Progress {
  readonly #work: ExportWork;
  readonly #id: string;
  readonly #started = Date.now();
  #entries = 0;
  #bytes = 0;
  #sinceTurn = 0;
  #reported = 0;

  constructor(work: ExportWork, id: string) {
    this.#work = work;
    this.#id = id;
    this.#report();
  }

  /** To be awaited for each entry. Throws when the solve was stopped. */
  async entry(): Promise<void> {
    if (++this.#entries % ENTRIES_PER_TURN === 0) await this.#turn();
  }

  /** To be awaited for bytes that went out. Throws when the solve was stopped. */
  async bytes(count: number): Promise<void> {
    this.#bytes += count;
    this.#sinceTurn += count;
    if (this.#sinceTurn >= BYTES_PER_TURN) await this.#turn();
  }

  /** The same sink, watched. */
  watch(sink: ByteSink): ByteSink {
    return {
      write: async (chunk) => {
        await sink.write(chunk);
        await this.bytes(chunk.length);
      },
    };
  }

  done(): void {
    this.#report(Date.now());
  }

  async #turn(): Promise<void> {
    this.#sinceTurn = 0;
    if (Date.now() - this.#reported > REPORT_EVERY_MS) this.#report();
    await this.#work.pause();
  }

  #report(completed?: number): void {
    this.#reported = Date.now();
    this.#work.report({
      type: 'status',
      id: this.#id,
      name: 'transferring',
      current: this.#bytes,
      total: 0,
      started: this.#started,
      ...(completed !== undefined && { completed }),
    });
  }
}

/** Reports one step that is only begun and done (`progress.OneOff`). */
export async function oneOff<T>(work: ExportWork, id: string, run: () => Promise<T>): Promise<T> {
  const status = { type: 'status', id, name: '', current: 0, total: 0, started: Date.now() } as const;
  work.report(status);
  const result = await run();
  work.report({ ...status, completed: Date.now() });
  return result;
}

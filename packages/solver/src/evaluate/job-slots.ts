/** At most so many operations at work. A slot is held only while working, never while waiting for inputs. */
export class JobSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs `work` as soon as there is a slot.
   * @param onWait called if there is none yet; what it returns is called when there is one
   */
  async run<T>(work: () => Promise<T>, onWait: () => () => void = () => () => {}): Promise<T> {
    if (this.#free > 0) {
      this.#free--;
    } else {
      const onSlot = onWait();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      onSlot();
    }
    try {
      return await work();
    } finally {
      // A slot goes straight to who waits for it.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/** The slots of a backend, by what operations do with them. */
export interface Slots {
  /** For what works in this process: more of it at a time than there are processors brings nothing. */
  readonly work: JobSlots;
  /** For what waits for others: processes, servers. */
  readonly wait: JobSlots;
}

/**
 * @param jobs operations at one time, of whatever kind. Undefined: as many as there are processors work here, and any
 *   number waits for others (`max-parallelism` of BuildKit's worker)
 */
export function createSlots(jobs: number | undefined, processors: number): Slots {
  if (jobs === undefined)
    return { work: new JobSlots(processors), wait: new JobSlots(Number.POSITIVE_INFINITY) };
  const all = new JobSlots(jobs);
  return { work: all, wait: all };
}

/** At most so many operations at work. A slot is held only while working, never while waiting for inputs. */
export class JobSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
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

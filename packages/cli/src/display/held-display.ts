import type { ProgressEvent } from '@llb-ts/backend';
import type { Display } from './display.ts';

/** A display that can give the terminal away; what happens meanwhile is shown when it has it back. */
export class HeldDisplay implements Display {
  readonly #make: () => Display;
  #inner: Display | undefined;
  #held: ProgressEvent[] | undefined;

  /** @param make called for the first event */
  constructor(make: () => Display) {
    this.#make = make;
  }

  show(event: ProgressEvent): void {
    if (this.#held) {
      this.#held.push(event);
      return;
    }
    this.#inner ??= this.#make();
    this.#inner.show(event);
  }

  rest(): void {
    this.#inner?.rest();
  }

  /** Nothing is written while `work` runs. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.rest();
    const held: ProgressEvent[] = [];
    this.#held = held;
    try {
      return await work();
    } finally {
      this.#held = undefined;
      for (const event of held) this.show(event);
    }
  }

  close(): void {
    this.#inner?.close();
  }
}

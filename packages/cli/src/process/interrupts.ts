import { ExitCode } from '../error/exit-code.ts';
import { endProcess } from './end-process.ts';

let latest: Interrupts | undefined;

/**
 * To be called where others' code begins, which may never come back to the event loop: until it does, a signal ends the
 * process by itself.
 */
export function leaveSignalsToSystem(): void {
  latest?.pause();
}

/**
 * SIGINT and SIGTERM. While something runs that has to be cleaned up ({@link guard}) the first signal asks it to stop
 * and the second ends the process at once; otherwise the first one does.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #listeners = {
    SIGINT: () => {
      if (!this.#isLent) this.#take(ExitCode.interrupted);
    },
    SIGTERM: () => this.#take(ExitCode.terminated),
  };
  #exitCode: ExitCode | undefined;
  #failure: unknown;
  #isGuarded = false;
  #isLent = false;

  constructor() {
    this.#listen();
    latest = this;
  }

  /** Fires at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code for a signal; undefined while none came. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  /** Runs work that stops by itself, cleanly, when the signal fires. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    this.#isGuarded = true;
    try {
      const result = await work();
      if (this.#failure !== undefined) throw this.#failure;
      return result;
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      this.#isGuarded = false;
    }
  }

  /** Runs work that has the terminal: ctrl-C is meant for what runs on it, not for us. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.#isLent = true;
    try {
      return await work();
    } finally {
      this.#isLent = false;
    }
  }

  /** Stops guarded work, which then fails with `error`; false while there is none. */
  fail(error: unknown): boolean {
    if (!this.#isGuarded) return false;
    this.#failure ??= error;
    this.#controller.abort();
    return true;
  }

  /** Hears nothing until the next turn of the event loop, unless something is guarded. */
  pause(): void {
    // The system spares the first process of a container, which so needs the listeners.
    if (this.#isGuarded || process.pid === 1) return;
    this.#unlisten();
    setImmediate(() => this.#listen());
  }

  #listen(): void {
    this.#unlisten();
    for (const [signal, listener] of Object.entries(this.#listeners)) process.on(signal, listener);
  }

  #unlisten(): void {
    for (const [signal, listener] of Object.entries(this.#listeners)) process.off(signal, listener);
  }

  #take(code: ExitCode): void {
    if (!this.#isGuarded || this.#exitCode !== undefined) endProcess(code);
    this.#exitCode = code;
    this.#controller.abort();
  }
}

import { ExitCode } from './error/exit-code.ts';

/**
 * SIGINT and SIGTERM. While something runs that has to be cleaned up ({@link guard}) the first signal asks it to stop
 * and the second ends the process at once; otherwise the first one does.
 */
export class Interrupts {
  readonly #controller = new AbortController();
  #exitCode: ExitCode | undefined;
  #isGuarded = false;
  #isLent = false;

  constructor() {
    process.on('SIGINT', () => {
      if (!this.#isLent) this.#take(ExitCode.interrupted);
    });
    process.on('SIGTERM', () => this.#take(ExitCode.terminated));
  }

  /** Fires at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What to exit with because of a signal; undefined while none came. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode;
  }

  /** Runs work that stops by itself, cleanly, when the signal fires. */
  async guard<T>(work: () => Promise<T>): Promise<T> {
    this.#isGuarded = true;
    try {
      return await work();
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

  #take(code: ExitCode): void {
    if (!this.#isGuarded || this.#exitCode !== undefined) process.exit(code);
    this.#exitCode = code;
    this.#controller.abort();
  }
}

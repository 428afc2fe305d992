import { PbError, type PbErrorCode } from './error.ts';

/**
 * A value or bytes that were refused deep inside a message. The path to it is put together on the way out, so that
 * nothing is spent on paths while all goes well.
 */
export class Refusal extends Error {
  readonly code: PbErrorCode;
  #path = '';

  constructor(code: PbErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }

  /** Says where, from the inside out: `.field`, `[3]`, `["key"]`. */
  within(step: string): this {
    this.#path = step + this.#path;
    return this;
  }

  toPbError(root: string): PbError {
    return new PbError(this.code, this.message, { path: root + this.#path, cause: this.cause });
  }
}

/** Adds where to a refusal; other errors stay what they are. */
export function within(error: unknown, step: string): unknown {
  return error instanceof Refusal ? error.within(step) : error;
}

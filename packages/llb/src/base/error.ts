import { type Caller, type CallSite, callSiteOf } from './call-site.ts';

/** The kind of mistake of an {@link LlbError}. */
export type LlbErrorCode =
  /** An argument or option has the wrong type or a value that BuildKit could not use. */
  | 'invalid-argument'
  /** An image reference is malformed. */
  | 'invalid-reference'
  /** A Git remote cannot be used as it is. */
  | 'invalid-git-remote'
  /** A State of another installed copy of this package was given. */
  | 'foreign-state'
  /** The filesystem of a mount that keeps none was used: tmpfs, cache or no-output. */
  | 'no-output'
  /** A process without arguments or without a working directory. */
  | 'invalid-exec'
  /** An async state was asked for its values before it was resolved. */
  | 'unresolved-state'
  /** An async state turned out to be itself. */
  | 'cyclic-state';

/** A mistake in a build description. `callSite` is the line of the build file that said it. */
export class LlbError extends Error {
  /** Always `LlbError`. */
  override readonly name = 'LlbError';
  /** The kind of mistake; stable. */
  readonly code: LlbErrorCode;
  /** One sentence on what to do; absent when the message says it all. */
  readonly hint: string | undefined;
  /** The call of the build file that made it; undefined if the engine cannot tell. */
  readonly callSite: CallSite | undefined;

  constructor(
    code: LlbErrorCode,
    message: string,
    options: { hint?: string | undefined; callSite?: CallSite | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.callSite = options.callSite;
  }
}

/** An error at the place where the build file called `at`. */
export function fail(code: LlbErrorCode, at: Caller, message: string, hint?: string): LlbError {
  return new LlbError(code, message, { hint, callSite: callSiteOf(at) });
}

/** Wrong arguments, in the words `Verb: what must be …`. */
export function invalid(at: Caller, message: string, hint?: string): LlbError {
  return fail('invalid-argument', at, `${at.name}: ${message}`, hint);
}

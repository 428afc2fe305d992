import type { CallSite } from '@llb-ts/llb';

/** Why a state has no definition. */
export type MarshalErrorCode =
  /** A state needs itself: an async state that returns what is built on it, or a mount of its own result. */
  | 'cyclic-state'
  /** An async state is empty where a filesystem is needed, or its function returned no State. */
  | 'invalid-async'
  /** The file of a source map needs a state that names the same file. */
  | 'cyclic-source-map'
  /** A definition that was loaded is broken. */
  | 'invalid-definition'
  /** A value cannot be written. */
  | 'unencodable'
  /** The argument is no State. */
  | 'invalid-argument'
  | 'internal';

/** Why a state has no definition. `callSite` is where the build file made what is wrong. */
export class MarshalError extends Error {
  /** Always `MarshalError`. */
  override readonly name = 'MarshalError';
  /** The kind of failure; stable. */
  readonly code: MarshalErrorCode;
  /** One sentence on what to do; absent when the message says it all. */
  readonly hint: string | undefined;
  /** The call of the build file that made the mistake; undefined where it is not known. */
  readonly callSite: CallSite | undefined;

  constructor(
    code: MarshalErrorCode,
    message: string,
    options: { hint?: string; callSite?: CallSite | undefined; cause?: unknown } = {},
  ) {
    super(code === 'internal' ? `Internal error: ${message}` : message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.callSite = options.callSite;
  }
}

/** The kind of a {@link PbError}. */
export type PbErrorCode =
  /** A value cannot be written: wrong type, out of range, unknown field. */
  | 'invalid-value'
  /** Bytes cannot be read: truncated, wrong wire type, invalid UTF-8, no message of ours. */
  | 'undecodable'
  /** The definition holds no ops. */
  | 'empty-definition'
  /** A digest string is malformed. */
  | 'invalid-digest';

/** Bytes or values that are no LLB. `path` names the field, as in `Op.exec.mounts[2].dest`. */
export class PbError extends Error {
  /** Always `PbError`. */
  override readonly name = 'PbError';
  /** The kind of failure; stable. */
  readonly code: PbErrorCode;
  /** The field, from the message that was asked for; empty where it is none. */
  readonly path: string;

  constructor(code: PbErrorCode, message: string, options: { path?: string; cause?: unknown } = {}) {
    super(options.path ? `${options.path}: ${message}` : message, { cause: options.cause });
    this.code = code;
    this.path = options.path ?? '';
  }
}

import type { SourceLocation } from './progress.ts';

/** The kind of a failure; the CLI turns each into an exit code. */
export type FailureCode =
  /** A step of the build did not work: a process, a file action, a source that is not there. */
  | 'step'
  /** The result could not be written where it should go. */
  | 'export'
  /** The request itself cannot be used: a broken definition, a local folder that is missing, unknown attributes. */
  | 'request'
  /** The machine lacks something: permission, a runtime, disk space, the network. */
  | 'environment'
  /** `signal` fired. */
  | 'cancelled'
  /** A bug in this program. */
  | 'internal';

export interface FailureDetails {
  /** Digest of the vertex that failed. */
  readonly vertex?: string;
  /** Its name, as progress shows it. */
  readonly vertexName?: string;
  readonly location?: SourceLocation;
  /** One sentence on what to do. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Last output lines of a process that failed. */
  readonly log?: readonly string[];
  /** Exit code of a process that failed. */
  readonly exitCode?: number;
}

/** The one way a solve fails. `message` is BuildKit's text where BuildKit has one. */
export class SolveFailure extends Error {
  override readonly name = 'SolveFailure';
  readonly code: FailureCode;
  readonly details: FailureDetails;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  /** The same failure with more said about where it happened; what was said before stays. */
  with(details: FailureDetails): SolveFailure {
    return new SolveFailure(this.code, this.message, { ...details, ...this.details });
  }
}

import { ExitCode } from './exit-code.ts';

export type CliErrorCode =
  /** Flags or arguments that cannot be used. */
  | 'usage'
  /** A build.ts that cannot be used: it does not compile, throws, or exports nothing that can be solved. */
  | 'program'
  /** A definition that cannot be used. */
  | 'definition'
  /** A configuration file that cannot be used. */
  | 'config'
  /** Files that cannot be read or written, a machine that lacks something. */
  | 'environment';

/** A place in a file that a person wrote. */
export interface Place {
  /** As it should be shown: relative to the current directory where that is shorter. */
  readonly file: string;
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
  /** The whole text of the file, for the frame; absent when it cannot be read. */
  readonly text?: string;
}

export interface CliErrorDetails {
  readonly place?: Place;
  /** Further lines, label and text, between the frame and the help. */
  readonly notes?: readonly (readonly [label: string, text: string])[];
  /** One sentence on what to do. */
  readonly help?: string;
  readonly cause?: unknown;
}

/** Everything that can be wrong before and beside a solve. `message` begins with what was wrong, in the user's words. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  readonly details: CliErrorDetails;

  constructor(code: CliErrorCode, message: string, details: CliErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get exitCode(): ExitCode {
    return this.code === 'environment' ? ExitCode.environment : ExitCode.usage;
  }
}

/** A flag or an argument that cannot be used. */
export function usageError(message: string, help?: string): CliError {
  return new CliError('usage', message, help === undefined ? {} : { help });
}

import { CliError, type Place } from '../error/cli-error.ts';
import { type EnginePosition, placeAt, type SourcePositions } from './source-positions.ts';

/** What an error of the language and of marshal carries beside its message. */
interface BuildError extends Error {
  readonly hint?: string | undefined;
  readonly callSite?: EnginePosition | undefined;
}

/**
 * An error that running build.ts (or marshaling what it made) ended with, as one of ours: the message as it was thrown
 * and the line of build.ts it came from.
 */
export function programError(error: unknown, shown: string, positions: SourcePositions): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) {
    return new CliError('program', `${shown} threw ${describe(error)}`, { cause: error });
  }
  const { hint, callSite } = error as BuildError;
  const source = callSite && positions.find(callSite);
  const place: Place | undefined = source ? placeAt(source) : positions.placeOf(error);
  const isOurs = 'code' in error && error.name === 'LlbError';
  const kind = isOurs || error.name === 'Error' || error.name === 'MarshalError' ? '' : `${error.name}: `;
  const where = place ? '' : ` (thrown while running ${shown})`;
  return new CliError('program', `${kind}${error.message || 'an error without a message'}${where}`, {
    ...(place && { place }),
    ...(typeof hint === 'string' && { help: hint }),
    cause: error,
  });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  return 'a value that is no Error';
}

import { inspect } from 'node:util';
import { SolveFailure } from '@llb-ts/backend';
import { CliError, type Place } from '../error/cli-error.ts';
import { FailedSolve } from '../report/report.ts';
import { foreignFailure } from './image-configs.ts';
import { methodHint } from './method-hint.ts';
import type { Program } from './program.ts';
import { type EnginePosition, placeAt } from './source-positions.ts';

/** The fields of errors of the language and of marshal, beside the message. */
interface BuildError extends Error {
  readonly hint?: string | undefined;
  readonly callSite?: EnginePosition | undefined;
  readonly code?: unknown;
}

/** Errors whose message says all; of others the kind is part of the message. */
const speaking = ['Error', 'LlbError', 'MarshalError', 'PbError'];

/** Characters of a thrown value that are shown. */
const MAX_VALUE = 300;

/**
 * An error that running the build file (or marshaling what it made) ended with, as one of ours: the message as it was
 * thrown and the line of the build file that it came from. Our own bugs stay what they are.
 */
export function programError(
  error: unknown,
  { shown, positions }: Pick<Program, 'shown' | 'positions'>,
): Error {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) {
    return new CliError('program', `${shown} threw ${describe(error)}`, { cause: error });
  }
  const { hint, callSite, code } = error as BuildError;
  if (error.name === 'MarshalError' && code === 'internal') return error;
  const source = callSite && positions.find(callSite);
  const place: Place | undefined = source ? placeAt(source) : positions.placeOf(error);
  const failure = foreignFailure(error);
  if (failure) return placed(failure, place);
  const kind = speaking.includes(error.name) ? '' : `${error.name}: `;
  const help =
    typeof hint === 'string' ? hint : positions.isThrownHere(error) ? methodHint(error) : undefined;
  const where = place ? '' : ` (thrown by ${shown})`;
  return new CliError('program', `${kind}${error.message || 'an error without a message'}${where}`, {
    ...(place && { place }),
    ...(help !== undefined && { help }),
    cause: error,
  });
}

/** Neither is a mistake of the build file, which only asked. */
function placed(failure: SolveFailure | CliError, place: Place | undefined): Error {
  if (failure instanceof SolveFailure) return new FailedSolve(failure, place ? { place } : {});
  return new CliError(failure.code, failure.message, { ...(place && { place }), ...failure.details });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const text = inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY, customInspect: false });
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

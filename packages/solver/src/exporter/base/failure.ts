import { type FailureDetails, SolveFailure } from '@llb-ts/backend';
import { asFailure, environmentFailure, errnoOf } from '../../error/error.ts';
import { PATH_ERRORS } from '../../error/path-errors.ts';

/** The result could not be put where it should go. */
export function exportFailure(message: string, details: FailureDetails = {}): SolveFailure {
  return new SolveFailure('export', message, details);
}

/** Go's words for the kernel's errors. */
const REASONS: Readonly<Record<string, string>> = {
  ...PATH_ERRORS,
  EROFS: 'read-only file system',
  ETXTBSY: 'text file busy',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
};

/** The thing that the machine lacks, and what helps. */
const LACKING: Readonly<Record<string, string>> = {
  EACCES: 'export to a place that you may write',
  EPERM: 'export to a place that you may write',
  EROFS: 'export to a place that you may write',
  ENOSPC: 'free some space there, or export to another place',
  EDQUOT: 'free some space there, or export to another place',
};

/** A failed system call on something that the user named, as a failure; anything else as what it is. */
export function destinationFailure(error: unknown, doing: string): SolveFailure {
  const code = errnoOf(error) ?? '';
  const reason = REASONS[code];
  if (!reason || error instanceof SolveFailure) return asFailure(error, code === '' ? undefined : 'export');
  const message = `${doing}: ${reason}`;
  const hint = LACKING[code];
  return hint
    ? environmentFailure(message, { cause: error, hint })
    : exportFailure(message, { cause: error });
}

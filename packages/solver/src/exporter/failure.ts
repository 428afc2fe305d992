import { type FailureDetails, SolveFailure } from '@llb-ts/backend';
import { asFailure, environmentFailure, errnoOf } from '../error.ts';

/** The result could not be put where it should go. */
export function exportFailure(message: string, details: FailureDetails = {}): SolveFailure {
  return new SolveFailure('export', message, details);
}

/** What the kernel's errors are called, as Go says it. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EEXIST: 'file exists',
  EBUSY: 'device or resource busy',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  ETXTBSY: 'text file busy',
};
const LACKING = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A failed system call on something that the user named, as a failure; anything else as what it is. */
export function destinationFailure(error: unknown, doing: string): SolveFailure {
  const code = errnoOf(error) ?? '';
  const reason = REASONS[code];
  if (!reason || error instanceof SolveFailure) return asFailure(error, code === '' ? undefined : 'export');
  const message = `${doing}: ${reason}`;
  return LACKING.has(code)
    ? environmentFailure(message, { cause: error, hint: 'export to a place that you may write' })
    : exportFailure(message, { cause: error });
}

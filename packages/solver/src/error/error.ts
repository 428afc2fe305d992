import os from 'node:os';
import { type FailureCode, type FailureDetails, SolveFailure } from '@llb-ts/backend';

/** A step of the build that did not work; `message` is BuildKit's text where BuildKit has one. */
export function stepFailure(message: string, details: FailureDetails = {}): SolveFailure {
  return new SolveFailure('step', message, details);
}

/** A definition or request that cannot be used. */
export function requestFailure(message: string, details: FailureDetails = {}): SolveFailure {
  return new SolveFailure('request', message, details);
}

/** The machine lacks something; `hint` says what would help. */
export function environmentFailure(message: string, details: FailureDetails = {}): SolveFailure {
  return new SolveFailure('environment', message, details);
}

/** Numbers of errors that Node has no name for, `EDQUOT` and `ESTALE` among them. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(os.constants.errno).map(([name, number]) => [number, name]),
);

/** The error code (`ENOENT`, …) of a failed system call, undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  const isNamed = !code.startsWith('Unknown system error');
  return isNamed || errno === undefined ? code : (NAMES.get(-errno) ?? code);
}

/** True if a file could not be given to its owner, because a user namespace has no such id. */
export function isUnmappedOwner(error: unknown): boolean {
  return errnoOf(error) === 'EINVAL' && (error as NodeJS.ErrnoException).syscall === 'lchown';
}

/** `path` is what was to change hands. */
export function unmappedOwnerFailure(path: string, cause: unknown): SolveFailure {
  return environmentFailure(`lchown ${path}: this user namespace has no id for the owner`, {
    cause,
    hint: 'give the user more ids in /etc/subuid and /etc/subgid, or solve as root',
  });
}

/** Errors of the kernel, or of Node in its stead, for a name or path that no filesystem can hold. */
const UNUSABLE_NAMES: Readonly<Record<string, string>> = {
  E2BIG: 'argument list too long',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ERR_INVALID_ARG_VALUE: 'invalid argument',
};

const FULL = 'free some space where the store lies, or name another place with --state-dir';
const FILES = 'allow more open files: ulimit -n';

/** Failures of the machine, whatever was being done: no bug of ours, and nothing that the build could do about it. */
const LACKING: Readonly<Record<string, { readonly reason: string; readonly hint: string }>> = {
  ENOSPC: { reason: 'no space left on device', hint: FULL },
  EDQUOT: { reason: 'disk quota exceeded', hint: FULL },
  EROFS: {
    reason: 'read-only file system',
    hint: 'name a directory that can be written with --state-dir',
  },
  EIO: { reason: 'input/output error', hint: 'the disk may be damaged: see what the kernel says (dmesg)' },
  ESTALE: {
    reason: 'stale file handle',
    hint: 'a network filesystem has gone away: keep the store on a disk of this machine',
  },
  ENOMEM: { reason: 'out of memory', hint: 'close other programs, or solve with fewer --jobs' },
  EMFILE: { reason: 'too many open files', hint: FILES },
  ENFILE: { reason: 'too many open files on this machine', hint: 'raise fs.file-max' },
};

/** Anything thrown, as a failure: what is no `SolveFailure` and no failure of the machine is a bug of ours. */
export function asFailure(error: unknown, code?: FailureCode): SolveFailure {
  if (error instanceof SolveFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  const lacking = LACKING[errno ?? ''];
  if (lacking) return environmentFailure(`${lacking.reason}: ${text}`, { cause: error, hint: lacking.hint });
  if (isUnmappedOwner(error)) return unmappedOwnerFailure((error as NodeJS.ErrnoException).path ?? '', error);
  const unusable = UNUSABLE_NAMES[errno ?? ''];
  if (unusable) {
    const { syscall = 'open' } = error as NodeJS.ErrnoException;
    return stepFailure(`${syscall}: ${unusable}`, {
      cause: error,
      hint: 'look for it in the paths of this step',
    });
  }
  return new SolveFailure(code ?? 'internal', code ? text : `Internal error: ${text}`, { cause: error });
}

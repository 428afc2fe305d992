/** Errors of file actions in the words that Go gives to system calls. */
import { SolveFailure } from '@llb-ts/backend';
import { errnoOf, isUnmappedOwner, stepFailure, unmappedOwnerFailure } from '../../error/error.ts';
import { PATH_ERRORS } from '../../error/path-errors.ts';
import { textOf } from '../../name/bytes.ts';
import { locate } from '../../tree/locate.ts';
import type { Tree } from '../../tree/tree.ts';

const REASONS: Readonly<Record<string, string>> = {
  ...PATH_ERRORS,
  E2BIG: 'argument list too long',
  EINVAL: 'invalid argument',
  EMLINK: 'too many links',
  ENOTSUP: 'operation not supported',
  ENOTEMPTY: 'directory not empty',
  ERANGE: 'numerical result out of range',
  // Node refuses a name with a NUL itself.
  ERR_INVALID_ARG_VALUE: 'invalid argument',
};

/** Go's text for an error code of the system. */
export function reasonFor(code: string): string {
  return REASONS[code] ?? code;
}

/** `mkdir /a/b: no such file or directory`, with the path as the tree has it. */
export function pathFailure(call: string, path: string, code: string, cause?: unknown): SolveFailure {
  return stepFailure(`${call} ${textOf(path)}: ${reasonFor(code)}`, { cause });
}

/** That nothing is at `path`: because it is missing, or because a file is on the way. */
export function missingFailure(call: string, tree: Tree, path: string): SolveFailure {
  const location = locate(tree, path, { follow: false });
  return pathFailure(call, path, location.kind === 'failed' ? location.code : 'ENOENT');
}

/**
 * Turns an error of a draft into a failure of the step that names the path in the tree instead of the machine's. Errors
 * that are not about the path (a full disk) stay unchanged.
 */
export function asPathFailure(error: unknown, call: string, path: string): unknown {
  const code = errnoOf(error);
  if (error instanceof SolveFailure || code === undefined || REASONS[code] === undefined) return error;
  if (isUnmappedOwner(error)) return unmappedOwnerFailure(textOf(path), error);
  return pathFailure(call, path, code, error);
}

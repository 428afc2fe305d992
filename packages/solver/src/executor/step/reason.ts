import { getSystemErrorMap } from 'node:util';

/** The reason of a failed system call, without paths of this machine. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || message;
}

import { getSystemErrorMap } from 'node:util';

/** What a failed system call says, without the paths of this machine. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno !== undefined && getSystemErrorMap().get(errno)?.[1]) || message;
}

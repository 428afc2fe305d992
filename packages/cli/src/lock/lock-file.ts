import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, usageError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { Lock } from './lock.ts';

const NAME = 'llb.lock.json';

/** The path of a build's lock: beside its file; of a definition on standard input, in the current directory. */
export function lockPathOf(file: string): string {
  return file === '-' ? NAME : join(dirname(file), NAME);
}

/** Reads a lock; undefined when there is none. */
export function readLock(path: string): Lock | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw new CliError('environment', `cannot read ${path}: ${systemReason(cause)}`, { cause });
  }
  return Lock.parse(text, path);
}

/** Reads the lock that has to be there. */
export function requireLock(file: string): Lock {
  const path = lockPathOf(file);
  const lock = readLock(path);
  if (lock) return lock;
  throw usageError(`--locked: there is no ${path}`, `llb-ts lock ${file} writes it`);
}

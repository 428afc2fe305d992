import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, usageError } from '../error/cli-error.ts';
import { hasCode } from '../error/system-error.ts';
import { nameValues } from './name-value.ts';

/** Reads `--local NAME=DIR` and `--oci-layout NAME=DIR`: name → absolute path of a folder that exists. */
export function namedFolders(values: readonly string[], flag: string): Readonly<Record<string, string>> {
  const folders = Object.entries(nameValues(values, flag, 'DIR')).map(([name, path]): [string, string] => {
    const absolute = resolve(path);
    requireFolder(absolute, `${flag} ${name}=${path}`);
    return [name, absolute];
  });
  return Object.fromEntries(folders);
}

/** Fails with a usage error that begins with `what` unless `path` is a folder. */
export function requireFolder(path: string, what: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) throw usageError(`${what}: no such directory`);
    throw new CliError('environment', `${what}: ${(cause as Error).message}`, { cause });
  }
  if (!stats.isDirectory()) throw usageError(`${what}: not a directory`);
}

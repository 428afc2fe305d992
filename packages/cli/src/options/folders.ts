import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { suggestion } from '@llb-ts/llb';
import type { Definition } from '@llb-ts/pb';
import { CliError, usageError } from '../error/cli-error.ts';
import { hasCode } from '../error/system-error.ts';
import { nameValues } from './name-value.ts';

/** Reads `--local NAME=DIR` and `--oci-layout NAME=DIR`: name → absolute path of a folder that exists. */
export function namedFolders(values: readonly string[], flag: string): Readonly<Record<string, string>> {
  return absoluteFolders(nameValues(values, flag, 'DIR'), (name, path) => `${flag} ${name}=${path}`);
}

/**
 * Name → absolute path of a folder that exists.
 * @param given name → path, relative to the current directory
 * @param shown names one of them in a usage error
 */
export function absoluteFolders(
  given: Readonly<Record<string, string>>,
  shown: (name: string, path: string) => string,
): Readonly<Record<string, string>> {
  const folders = Object.entries(given).map(([name, path]): [string, string] => {
    const absolute = resolve(path);
    requireFolder(absolute, shown(name, path));
    return [name, absolute];
  });
  return Object.fromEntries(folders);
}

/**
 * Fails with a usage error where `Local(name, { dir })` names a folder that does not exist and none is given for it.
 * @param shown the path in the error
 */
export function requireDeclared(
  declared: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
  shown: (path: string) => string,
): void {
  for (const [name, path] of Object.entries(declared)) {
    if (!Object.hasOwn(given, name)) requireFolder(path, `Local(${JSON.stringify(name)}), ${shown(path)}`);
  }
}

/** Fails with a usage error for a folder that none of the definitions takes, which is most likely misspelled. */
export function requireUsed(
  locals: Readonly<Record<string, string>>,
  definitions: readonly Definition[],
): void {
  const ops = definitions.flatMap(({ entries }) => entries.map(({ op }) => op.op));
  // A definition that a step makes may take any folder.
  if (ops.some((op) => op?.kind === 'build')) return;
  const names = ops.flatMap((op) =>
    op?.kind === 'source' && op.identifier.startsWith('local://')
      ? op.identifier.slice('local://'.length)
      : [],
  );
  const unused = Object.keys(locals).find((name) => !names.includes(name));
  if (unused === undefined) return;
  const hint = names.length > 0 ? suggestion(unused, [...new Set(names)]) : 'the build takes no local folder';
  throw usageError(`--local ${unused}: the build has no Local(${JSON.stringify(unused)})`, hint);
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

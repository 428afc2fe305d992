import { existsSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearest } from '@llb-ts/llb';
import { type CliError, usageError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';

const DEFAULT_FILE = 'build.ts';

/** The input that a FILE argument names. */
export type Input =
  | { readonly kind: 'program'; readonly file: string }
  /** A definition in a file, or on standard input for `-`. */
  | { readonly kind: 'definition'; readonly file: string };

/** Tells what FILE names; without one it is `build.ts` of the current directory. Looks only at names. */
export function inputOf(file: string | undefined, listFolder: (folder: string) => readonly string[]): Input {
  if (file === '-') return { kind: 'definition', file };
  if (file === undefined) {
    if (existsSync(DEFAULT_FILE)) return { kind: 'program', file: DEFAULT_FILE };
    throw usageError(
      `there is no ${DEFAULT_FILE} in this directory`,
      'name a build file or a definition, or - for a definition on standard input',
    );
  }
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) throw missingFile(file, listFolder);
    throw usageError(`cannot read ${file}: ${systemReason(cause)}`);
  }
  if (stats.isDirectory()) {
    const inside = join(file, DEFAULT_FILE);
    throw usageError(
      `${file} is a directory`,
      existsSync(inside) ? `did you mean ${inside}?` : `name a build file in it`,
    );
  }
  return { kind: /\.[cm]?[jt]sx?$/.test(file) ? 'program' : 'definition', file };
}

function missingFile(file: string, listFolder: (folder: string) => readonly string[]): CliError {
  const folder = dirname(file);
  const close = existsSync(folder) ? nearest(basename(file), listFolder(folder)) : undefined;
  const isTarget = !/[./]/.test(file) && existsSync(DEFAULT_FILE);
  const help =
    close !== undefined
      ? `did you mean ${folder === '.' && !file.startsWith('.//') ? close : join(folder, close)}?`
      : isTarget
        ? `for a target of ${DEFAULT_FILE}: llb-ts solve ${DEFAULT_FILE} ${file}`
        : undefined;
  return usageError(`there is no file ${file}`, help);
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LocalIgnoreFile } from '@llb-ts/marshal';
import { CliError, usageError } from '../error/cli-error.ts';
import { hasCode, systemReason } from '../error/system-error.ts';
import { shownPath } from '../words/shown-path.ts';

/**
 * The text of a local folder's ignore file; undefined where the folder has none.
 *
 * @param base what the folders of the build file are relative to
 * @param locals folders that the command line says instead: name → absolute path
 */
export function ignoreFileText(
  { name, dir, ignoreFile }: LocalIgnoreFile,
  base: string,
  locals: Readonly<Record<string, string>>,
): string | undefined {
  const given = Object.hasOwn(locals, name) ? locals[name] : undefined;
  const folder = given ?? (dir === undefined ? undefined : resolve(base, dir));
  if (folder === undefined) {
    throw usageError(
      `${ignoreFile} of Local(${JSON.stringify(name)}) cannot be read: nothing says where the folder is`,
      `say it with --local ${name}=DIR, or in the build file: Local(${JSON.stringify(name)}, { dir: … })`,
    );
  }
  const path = resolve(folder, ignoreFile);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new CliError('environment', `cannot read ${shownPath(path)}: ${systemReason(cause)}`, { cause });
  }
}

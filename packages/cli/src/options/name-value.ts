import { usageError } from '../error/cli-error.ts';

/** Reads repeated `NAME=VALUE` flags; a name given twice keeps its last value, as in buildctl. */
export function nameValues(
  values: readonly string[],
  flag: string,
  meaning: string,
): Readonly<Record<string, string>> {
  const entries = values.map((text): [string, string] => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw usageError(`${flag} ${text}: expected NAME=${meaning}`);
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}

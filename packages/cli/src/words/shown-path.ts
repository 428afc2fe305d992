import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/** A path as messages show it: relative to the current directory, unless that climbs far. */
export function shownPath(path: string, base = process.cwd()): string {
  const absolute = resolve(base, path);
  const short = relative(process.cwd(), absolute);
  return short === '' ? '.' : short.startsWith('../../') ? absolute : short;
}

/** The text of a file for a frame around a place in it; undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

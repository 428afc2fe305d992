/** Slash-separated paths as Go's `path` package treats them; the paths of a build are never those of this machine. */

/** The shortest equal path: no `.`, no inner `..`, no double or trailing slash. `''` is `.`. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const joined = kept.join('/');
  return rooted ? `/${joined}` : joined || '.';
}

/** Joins what is not empty and cleans it; `''` when all is empty. */
export function joinPath(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== '').join('/');
  return joined === '' ? '' : cleanPath(joined);
}

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

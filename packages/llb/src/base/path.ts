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

/** Joins a clean path and a relative one. Takes time for the second only, however long the first is. */
export function appendPath(clean: string, path: string): string {
  let joined = clean === '.' ? '' : clean;
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') joined = joined === '' || joined === '/' ? joined + part : `${joined}/${part}`;
    else joined = parentOf(joined);
  }
  return joined || '.';
}

function parentOf(clean: string): string {
  if (clean === '/') return clean;
  const slash = clean.lastIndexOf('/');
  if (clean === '' || clean.slice(slash + 1) === '..') return clean === '' ? '..' : `${clean}/..`;
  return slash < 0 ? '' : clean.slice(0, slash) || '/';
}

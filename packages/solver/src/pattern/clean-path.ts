/** Go's `filepath.Clean`: no empty, `.` or inner `..` component, no trailing slash; the empty path is `.`. */
export function cleanPath(path: string): string {
  const absolute = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!absolute) kept.push(part);
  }
  const clean = kept.join('/');
  return absolute ? `/${clean}` : clean || '.';
}

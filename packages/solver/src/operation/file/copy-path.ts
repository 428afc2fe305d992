import { clean, nameOf } from '../../name/bytes.ts';

/** A path of a copy: clean and absolute, but `/` or `/.` at the end stays, as it says that a directory is meant. */
export function copyPath(path: string): string {
  const plain = clean(path);
  if (path.endsWith('/.')) return plain === '/' ? '/.' : `${plain}/.`;
  return path.endsWith('/') && plain !== '/' ? `${plain}/` : plain;
}

/** The name that a source gets in a directory: what was asked for, not where links led. Empty for the root, `.` for `/a/.`. */
export function nameOfSource(path: string): string {
  return nameOf(path.endsWith('/') ? path.slice(0, -1) : path);
}

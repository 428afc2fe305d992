/**
 * File names are bytes. Inside the solver a path is a *byte string*: a JavaScript string with one character (0–255) per
 * byte. So any name survives, `<` compares as the kernel and Go do, and plain ASCII costs nothing. Text of a definition
 * becomes a byte string with {@link bytesOf} where it enters, and text for people with {@link textOf} where it leaves.
 */

const NON_ASCII = /[\u0080-\uffff]/;

/** The byte string of UTF-8 text. */
export function bytesOf(text: string): string {
  return NON_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** The text of a byte string; bytes that are not UTF-8 show as U+FFFD. */
export function textOf(bytes: string): string {
  return NON_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/** A byte string in the form that Node's `fs` takes. */
export function fsPath(bytes: string): string | Buffer {
  return NON_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1') : bytes;
}

/** The bytes with a closing NUL, as system calls take them. */
export function cString(bytes: string): Buffer {
  const buffer = Buffer.allocUnsafe(bytes.length + 1);
  buffer.write(bytes, 0, 'latin1');
  buffer[bytes.length] = 0;
  return buffer;
}

/** `/a` + `b` → `/a/b`; the root is `/`. */
export function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** `/a/b` → `/a`, `/a` → `/`, `/` → `/`. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut <= 0 ? '/' : path.slice(0, cut);
}

/** `/a/b` → `b`, `/` → ``. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The components of a clean absolute path. */
export function componentsOf(path: string): string[] {
  return path === '/' ? [] : path.slice(1).split('/');
}

/**
 * Go's `path.Clean`: no empty, `.` or inner `..` component, no trailing slash; the empty path is `.`. Of byte strings and text.
 * (`@llb-ts/llb` has its own, since the packages share nothing but the wire.)
 */
export function cleanPath(path: string): string {
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isAbsolute) kept.push(part);
  }
  const joined = kept.join('/');
  return isAbsolute ? `/${joined}` : joined || '.';
}

/** {@link cleanPath} of `/` + `path`: absolute, and without any `..`. */
export function clean(path: string): string {
  return cleanPath(`/${path}`);
}

/** Byte order of names. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

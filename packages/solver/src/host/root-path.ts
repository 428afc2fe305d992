import { join, parentOf } from '../name/bytes.ts';
import { lstat, readlink } from './files.ts';

const MOST_LINKS = 255;

/**
 * Resolves `path` with `root` as the root: links are followed, also the last one, and none leads out. A missing part counts
 * as no link, so the path need not exist (continuity `fs.RootPath`). Byte strings; the result is a path of this machine.
 * Throws `ELOOP` for links in circles.
 *
 * Nothing may change in `root` at the same time, or the answer is stale.
 */
export function resolveInRoot(root: string, path: string): string {
  let resolved = '/';
  let links = 0;
  const pending = path.split('/').reverse();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      resolved = parentOf(resolved);
      continue;
    }
    const next = join(resolved, name);
    const target = linkAt(root + next);
    if (target === undefined) {
      resolved = next;
      continue;
    }
    if (++links > MOST_LINKS) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
    if (target.startsWith('/')) resolved = '/';
    pending.push(...target.split('/').reverse());
  }
  return resolved === '/' ? root : root + resolved;
}

/** The same; undefined for links in circles and impossible paths. */
export function resolvedOrUndefined(root: string, path: string): string | undefined {
  try {
    return resolveInRoot(root, path);
  } catch {
    return undefined;
  }
}

/** True if `path` leads to a regular file with `root` as the root. */
export function isFileInRoot(root: string, path: string): boolean {
  const found = resolvedOrUndefined(root, path);
  return found !== undefined && lstat(found)?.type === 'file';
}

function linkAt(hostPath: string): string | undefined {
  return lstat(hostPath)?.type === 'symlink' ? readlink(hostPath) : undefined;
}

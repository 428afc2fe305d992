import { join, parentOf } from '../name/bytes.ts';
import { lstat, readlink } from './files.ts';

const MOST_LINKS = 255;

/**
 * Where `path` leads when `root` is the root: links are followed, also the last one, and none leads out. What is missing
 * counts as no link, so the path need not exist (continuity `fs.RootPath`). Byte strings; the answer is a path of this
 * machine. Throws `ELOOP` where links go in circles.
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

/** The same, undefined where links go in circles or the path cannot be. */
export function resolvedOrUndefined(root: string, path: string): string | undefined {
  try {
    return resolveInRoot(root, path);
  } catch {
    return undefined;
  }
}

/** Whether `path` leads to a regular file when `root` is the root. */
export function isFileInRoot(root: string, path: string): boolean {
  const found = resolvedOrUndefined(root, path);
  return found !== undefined && lstat(found)?.type === 'file';
}

function linkAt(hostPath: string): string | undefined {
  return lstat(hostPath)?.type === 'symlink' ? readlink(hostPath) : undefined;
}

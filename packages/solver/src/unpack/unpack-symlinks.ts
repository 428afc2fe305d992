import { stepFailure } from '../error/error.ts';
import { clean, textOf } from '../name/bytes.ts';

/** As many links as containerd follows. */
const MAX_LINKS = 255;

/**
 * Follows the links of a path inside a root as containerd does (continuity `fs.RootPath`): a link is replaced by its
 * target as text, then the whole is read again, until no link is met. What does not exist is no link. The result is a
 * clean absolute path and never leaves the root.
 *
 * @param linkAt the target of the link at a clean path, undefined if something else or nothing is there
 */
export function followLinks(path: string, linkAt: (path: string) => string | undefined): string {
  let links = 0;
  for (let next = path; ; ) {
    const before = links;
    let current = '/';
    for (const part of next.split('/')) {
      if (part === '') continue;
      const candidate = clean(`${current}/${part}`);
      const target = candidate === '/' ? undefined : linkAt(candidate);
      if (target === undefined) {
        current = candidate;
        continue;
      }
      if (++links > MAX_LINKS) throw stepFailure(`too many links in ${textOf(path)}`);
      current = target.startsWith('/') ? target : clean(`${current}/${target}`);
    }
    if (links === before) return current;
    next = current;
  }
}

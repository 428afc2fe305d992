import { lstat, readdir, readlink } from '../../host/files.ts';
import { bytesOf, cleanPath, compareBytes, textOf } from '../../name/bytes.ts';
import { matchPath } from '../../pattern/glob-match.ts';

/**
 * Include patterns with what `followpaths` adds: each path (a glob per component is allowed) with every symbolic link on
 * its way, and where these lead inside the folder (fsutil `followlinks.go`). Patterns and paths are text.
 *
 * @param root the folder, a byte string
 * @returns an empty list where everything is to be included
 */
export function includeFollowed(
  root: string,
  includePatterns: readonly string[],
  followPaths: readonly string[],
): readonly string[] {
  if (followPaths.length === 0) return includePatterns;
  const resolver = new LinkResolver(root);
  for (const path of followPaths) resolver.follow(bytesOf(path));
  const targets = withoutNested([...resolver.resolved].sort(compareBytes))?.map(textOf);
  return targets ? (withoutNested([...includePatterns, ...targets]) ?? []) : includePatterns;
}

/** Drops what lies below the entry before it, and (since that one is empty at first) what is absolute; undefined: all. */
function withoutNested(sorted: readonly string[]): readonly string[] | undefined {
  const kept: string[] = [];
  let last = '';
  for (const path of sorted) {
    if (path === '.') return undefined;
    if (path.startsWith(`${last}/`)) continue;
    kept.push(path);
    last = path;
  }
  return kept;
}

class LinkResolver {
  readonly resolved = new Set<string>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  follow(path: string): void {
    // Not recursive: links may lead on and on; a link that was seen ends it.
    const pending = [path];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      pending.push(...this.#step(cleanPath(`./${next}`)).reverse());
    }
  }

  /** Goes along a path to its end or to the first link; returns where that leads. */
  #step(path: string): string[] {
    const parts = path.split('/');
    let current = '';
    for (const [i, part] of parts.entries()) {
      current = current === '' ? part : `${current}/${part}`;
      const rest = parts.slice(i + 1).join('/');
      const targets = this.#targetsOf(current, true);
      if ((rest === '' || targets) && this.resolved.has(current)) return [];
      if (targets) {
        this.resolved.add(current);
        return targets.map((target) => `${target}/${rest}`);
      }
    }
    this.resolved.add(current);
    return [];
  }

  /** Targets of the links of this name, absolute in the folder; undefined if there are none. */
  #targetsOf(path: string, allowWildcard: boolean): string[] | undefined {
    const cut = path.lastIndexOf('/');
    const [directory, name] = [path.slice(0, Math.max(cut, 0)), path.slice(cut + 1)];
    if (allowWildcard && hasWildcard(name)) {
      const found = this.#names(directory)
        .filter((one) => matchPath(name, one) === true)
        .flatMap((one) => this.#targetsOf(directory === '' ? one : `${directory}/${one}`, false) ?? []);
      return found.length > 0 ? found : undefined;
    }
    if (path === '.' || path.startsWith('..')) return undefined;
    const hostPath = `${this.#root}/${path}`;
    if (lstat(hostPath)?.type !== 'symlink') return undefined;
    const target = cleanPath(readlink(hostPath));
    return [target.startsWith('/') ? target : cleanPath(`/${directory}/${target}`)];
  }

  #names(directory: string): readonly string[] {
    const folder = directory === '' ? this.#root : `${this.#root}/${directory}`;
    return lstat(folder)?.type === 'dir' ? readdir(folder) : [];
  }
}

function hasWildcard(name: string): boolean {
  return /[*?[]/.test(name.replace(/\\./gs, ''));
}

/** Paths with wildcards (`*`, `?`, `[…]`, `\` before one of them), as copy and rm find what they mean. */

import { stepFailure } from '../error/error.ts';
import { cleanPath, componentsOf, join } from '../name/bytes.ts';
import type { Tree } from '../tree/tree.ts';
import { walkBelow } from '../tree/walk.ts';
import { matchPath } from './glob-match.ts';

export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replaceAll(/\\./gs, ''));
}

/**
 * Splits a path before its first component with a wildcard. The pattern is empty if there is none; the prefix is clean,
 * and `/` if nothing is left for it.
 */
export function splitWildcards(path: string): { readonly prefix: string; readonly pattern: string } {
  const parts = componentsOf(cleanPath(path));
  const first = parts.findIndex(hasWildcards);
  if (first < 0) return { prefix: cleanPath(path), pattern: '' };
  return { prefix: `/${parts.slice(0, first).join('/')}`, pattern: parts.slice(first).join('/') };
}

export interface MatchOptions {
  /** Fail with `syntax error in pattern` when a name shows that the pattern is malformed. Default: it matches nothing. */
  readonly strict?: boolean;
}

/**
 * The paths below a directory that match a pattern, in the order of a walk; what is in a directory that matches is not
 * looked at. Nothing matches in what is no directory.
 */
export function findMatches(
  tree: Tree,
  directory: string,
  pattern: string,
  { strict = false }: MatchOptions = {},
): readonly string[] {
  const matches = (part: string, name: string) => {
    const verdict = matchPath(part, name);
    if (verdict === undefined && strict) throw stepFailure('syntax error in pattern');
    return verdict === true;
  };
  // A class may match a slash, so that only a walk through everything finds all there is.
  return /\[|\\\//.test(pattern)
    ? matchesByWalk(tree, directory, (path) => matches(pattern, path))
    : matchesByComponent(tree, directory, pattern.split('/'), matches);
}

function matchesByWalk(
  tree: Tree,
  directory: string,
  isMatch: (relativePath: string) => boolean,
): readonly string[] {
  const start = directory === '/' ? 1 : directory.length + 1;
  const found = new Set<string>();
  for (const { path } of walkBelow(tree, directory, ({ path }) => !found.has(path))) {
    if (isMatch(path.slice(start))) found.add(path);
  }
  return [...found];
}

function matchesByComponent(
  tree: Tree,
  directory: string,
  patterns: readonly string[],
  isMatch: (pattern: string, name: string) => boolean,
): readonly string[] {
  const [pattern = '', ...rest] = patterns;
  const matching = tree
    .list(directory)
    .filter((name) => isMatch(pattern, name))
    .map((name) => join(directory, name));
  if (rest.length === 0) return matching;
  return matching.flatMap((path) => matchesByComponent(tree, path, rest, isMatch));
}

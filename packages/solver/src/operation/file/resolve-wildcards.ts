import { findMatches, splitWildcards } from '../../pattern/wildcard-paths.ts';
import { resolve, resolveParent } from '../../tree/resolve.ts';
import type { Tree } from '../../tree/tree.ts';
import { missingFailure } from './failure.ts';

/**
 * Matches of a path with wildcards, in the order of a walk. A path without wildcards is its only match, even if it is missing.
 *
 * @param path clean, absolute
 * @param follow the part before the first wildcard may end in a link
 */
export function resolveWildcards(tree: Tree, path: string, follow: boolean): readonly string[] {
  const { prefix, pattern } = splitWildcards(path);
  if (pattern === '') return [prefix];
  const base = follow ? resolve(tree, prefix) : resolveParent(tree, prefix);
  if (!tree.lookup(base)) throw missingFailure('lstat', tree, base);
  return findMatches(tree, base, pattern);
}

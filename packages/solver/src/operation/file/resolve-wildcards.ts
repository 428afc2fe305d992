import { findMatches, splitWildcards } from '../../pattern/wildcards.ts';
import { resolve, resolveParent } from '../../tree/resolve.ts';
import type { Tree } from '../../tree/tree.ts';
import { missingFailure } from './failure.ts';

/**
 * What a path with wildcards matches, in the order of a walk; a path without any is itself, there or not.
 *
 * @param path clean, absolute
 * @param follow whether the part before the first wildcard may end in a link
 */
export function resolveWildcards(tree: Tree, path: string, follow: boolean): readonly string[] {
  const { prefix, pattern } = splitWildcards(path);
  if (pattern === '') return [prefix];
  const base = follow ? resolve(tree, prefix) : resolveParent(tree, prefix);
  if (!tree.lookup(base)) throw missingFailure('lstat', tree, base);
  return findMatches(tree, base, pattern);
}

import { EMPTY_INPUT, MountType } from '@llb-ts/pb';
import type { Vertex } from '../../graph/vertex.ts';
import type { CacheMounts } from './cache-mounts.ts';

/**
 * Takes the cache directories of steps that are to run anew out of use, before a solve begins (docs/buildkit-semantics.md#loading;
 * `solver/llbsolver/vertex.go` detectPrunedCacheID).
 *
 * @param head the vertex that the solve is for
 * @param noCache all steps are to run anew
 */
export function pruneIgnoredCaches(head: Vertex, noCache: boolean, caches: CacheMounts): void {
  const ids = new Map<string, boolean>();
  for (const { op, metadata } of needed(head)) {
    if (op.kind !== 'exec' || !(noCache || metadata.ignoreCache)) continue;
    for (const { mountType, cacheOpt, dest, input } of op.mounts) {
      if (mountType === MountType.cache && cacheOpt) ids.set(cacheOpt.id || dest, input !== EMPTY_INPUT);
    }
  }
  for (const [id, hasInput] of ids) caches.prune(id, hasInput);
}

function needed(head: Vertex): Iterable<Vertex> {
  const seen = new Set([head]);
  // A set yields what is added while it is walked.
  for (const { inputs } of seen) for (const { vertex } of inputs) seen.add(vertex);
  return seen;
}

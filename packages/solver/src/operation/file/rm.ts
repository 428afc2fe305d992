import fs from 'node:fs';
import type { FileActionRm } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';
import type { Draft } from '../../layer/draft.ts';
import { bytesOf, clean, fsPath, join, nameOf, parentOf } from '../../name/bytes.ts';
import { locate } from '../../tree/locate.ts';
import { resolve } from '../../tree/resolve.ts';
import { asPathFailure, pathFailure } from './failure.ts';
import { resolveWildcards } from './resolve-wildcards.ts';

/** Removes a path, or what wildcards match, with everything below; a link itself, not its target (docs/buildkit-semantics.md#rm). */
export function rm(draft: Draft, action: FileActionRm): void {
  const path = clean(bytesOf(action.path));
  const paths = action.allowWildcard ? resolveWildcards(draft, path, false) : [path];
  for (const each of paths) removePath(draft, each, action.allowNotFound);
}

function removePath(draft: Draft, requested: string, allowNotFound: boolean): void {
  if (requested === '/') throw stepFailure('rmPath: invalid empty path');
  const parent = resolve(draft, parentOf(requested));
  const path = join(parent, nameOf(requested));
  const directory = draft.lookup(parent);
  if (directory && directory.stat.type !== 'dir') throw pathFailure('unlinkat', path, 'ENOTDIR');
  if (!allowNotFound && !leadsSomewhere(draft, path)) throw pathFailure('stat', path, 'ENOENT');
  try {
    draft.remove(path);
  } catch (error) {
    throw asPathFailure(error, 'unlinkat', path);
  }
}

/**
 * True if the path exists once links are followed. BuildKit asks the kernel, for which the root of the tree is an ordinary
 * folder: the target of an absolute link is looked up on the machine, so a link with a target only in the tree is dangling.
 */
function leadsSomewhere(draft: Draft, path: string): boolean {
  const location = locate(draft, path, { follow: true });
  if (location.kind !== 'outside') return location.kind === 'found' || isOtherThanMissing(location);
  return location.target !== undefined && fs.existsSync(fsPath(location.target));
}

/** Only "not found" counts; that a path leads through a file does not. */
function isOtherThanMissing(location: { readonly kind: string; readonly code?: string }): boolean {
  return location.kind === 'failed' && location.code !== 'ENOENT';
}

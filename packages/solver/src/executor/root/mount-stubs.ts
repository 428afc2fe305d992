import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { lstat, readdir } from '../../host/files.ts';
import { resolvedOrUndefined } from '../../host/root-path.ts';
import { setTimes } from '../../host/syscalls.ts';
import { bytesOf, fsPath, parentOf } from '../../name/bytes.ts';

/**
 * Notes which mount points do not exist in a root, and returns what removes them again after the run, if they are still
 * empty (docs/buildkit-semantics.md#mount-points; `executor/stubs.go`). Removing them does not move
 * the times of the directories that they are in.
 *
 * @param withParents whether missing parents are noted as well
 */
export function noteMountStubs(root: string, dests: readonly string[], withParents: boolean): () => void {
  const missing: string[] = [];
  for (const dest of dests) {
    let path = resolvedOrUndefined(root, bytesOf(dest));
    while (path !== undefined && path !== root && !lstat(path)) {
      missing.push(path);
      const parent = parentOf(path);
      path = withParents && parent !== root ? parent : undefined;
    }
  }
  return () => {
    for (const path of missing) {
      try {
        removeStub(root, path);
      } catch (error) {
        // BuildKit too leaves what cannot be removed.
        if (errnoOf(error) === undefined) throw error;
      }
    }
  };
}

function removeStub(root: string, noted: string): void {
  // The run may have put a link on the way.
  const path = resolvedOrUndefined(root, noted.slice(root.length));
  const stat = path === undefined ? undefined : lstat(path);
  if (path === undefined || !stat) return;
  const isEmpty = stat.type === 'dir' ? readdir(path).length === 0 : stat.size === 0;
  const parent = parentOf(path);
  if (!isEmpty || resolvedOrUndefined(root, parent.slice(root.length) || '/') !== parent) return;
  const before = lstat(parent)!;
  if (stat.type === 'dir') fs.rmdirSync(fsPath(path));
  else fs.unlinkSync(fsPath(path));
  setTimes(parent, before.atimeNs, before.mtimeNs);
}

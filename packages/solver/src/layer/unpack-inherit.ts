import fs from 'node:fs';
import { errnoOf, stepFailure } from '../error.ts';
import { lstat, readlink } from '../host/files.ts';
import { getXattr, listXattrs, setTimes, setXattr } from '../host/syscalls.ts';
import { fsPath, textOf } from '../tree/bytes.ts';
import { followLinks } from './unpack-links.ts';
import { isOverlayXattr } from './whiteout.ts';

/**
 * Gives a directory that a layer needs but does not describe the metadata it has in the layers below, each looked at
 * alone, its own links followed (containerd `mkparent`). The first that has something there decides.
 *
 * @param lowers highest → lowest
 */
export function inheritDirectory(path: string, hostPath: string, lowers: readonly string[]): void {
  for (const lower of lowers) {
    const resolved = followLinks(path, (candidate) => linkIn(lower + candidate));
    const from = resolved === '/' ? lower : lower + resolved;
    const stat = lstat(from);
    if (!stat) continue;
    if (stat.type !== 'dir') return;
    fs.lchownSync(fsPath(hostPath), stat.uid, stat.gid);
    fs.chmodSync(fsPath(hostPath), stat.mode);
    setTimes(hostPath, stat.atimeNs, stat.mtimeNs);
    for (const name of listXattrs(from)) {
      const value = isInherited(name) ? getXattr(from, name) : undefined;
      if (value) setXattr(hostPath, name, value);
    }
    return;
  }
}

function isInherited(name: string): boolean {
  return !name.startsWith('trusted.') && !isOverlayXattr(name);
}

function linkIn(hostPath: string): string | undefined {
  try {
    const stat = fs.lstatSync(fsPath(hostPath), { throwIfNoEntry: false });
    return stat?.isSymbolicLink() ? readlink(hostPath) : undefined;
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw error;
    throw stepFailure(`lstat ${textOf(hostPath)}: not a directory`, { cause: error });
  }
}

import fs from 'node:fs';
import { getXattr, listXattrs, setTimes, setXattr } from '../host/syscalls.ts';
import { isOverlayXattr } from '../layer/whiteout.ts';
import { fsPath } from '../name/bytes.ts';
import { resolve } from '../tree/resolve.ts';
import type { Tree } from '../tree/tree.ts';

/**
 * Gives a directory that a layer needs but does not describe the metadata it has in the layers below, each looked at
 * alone, its own links followed inside it (containerd `mkparent`). The first that has something there decides.
 *
 * @param lowers highest → lowest
 */
export function inheritDirectory(path: string, hostPath: string, lowers: readonly Tree[]): void {
  for (const lower of lowers) {
    const from = lower.lookup(resolve(lower, path));
    if (!from) continue;
    const { stat } = from;
    if (stat.type !== 'dir') return;
    fs.lchownSync(fsPath(hostPath), stat.uid, stat.gid);
    fs.chmodSync(fsPath(hostPath), stat.mode);
    setTimes(hostPath, stat.atimeNs, stat.mtimeNs);
    for (const name of listXattrs(from.hostPath)) {
      const value = isInherited(name) ? getXattr(from.hostPath, name) : undefined;
      if (value) setXattr(hostPath, name, value);
    }
    return;
  }
}

function isInherited(name: string): boolean {
  return !name.startsWith('trusted.') && !isOverlayXattr(name);
}

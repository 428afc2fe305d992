import { errnoOf } from '../../error/error.ts';
import { readlink } from '../../host/files.ts';
import { getXattr, listXattrs } from '../../host/syscalls.ts';
import { isOverlayXattr } from '../../layer/whiteout.ts';
import { compareBytes } from '../../name/bytes.ts';
import type { IndexRow } from './local-index.ts';
import type { ScannedEntry } from './scan.ts';

/** The properties of an entry besides its stat and content. */
export type Description = Pick<IndexRow, 'target' | 'xattrs'>;

/** Reads link target and xattrs; undefined if the entry has vanished. */
export function describeEntry({ hostPath, stat: { type } }: ScannedEntry): Description | undefined {
  try {
    return {
      target: type === 'symlink' ? readlink(hostPath) : '',
      xattrs: readXattrs(hostPath, type === 'dir'),
    };
  } catch (error) {
    const code = errnoOf(error);
    // EINVAL: no link any more.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}

function readXattrs(hostPath: string, isDirectory: boolean): IndexRow['xattrs'] {
  const xattrs: [string, string][] = [];
  for (const name of listXattrs(hostPath)) {
    if (!isBrought(name, isDirectory)) continue;
    const value = getXattr(hostPath, name);
    if (value) xattrs.push([name, value.toString('base64')]);
  }
  return xattrs.sort(([a], [b]) => compareBytes(a, b));
}

/** File capabilities are lost when the receiver changes the owner; overlay marks are no attributes of a tree. */
function isBrought(name: string, isDirectory: boolean): boolean {
  if (name.startsWith('com.apple.') || isOverlayXattr(name)) return false;
  return isDirectory || name !== 'security.capability';
}

/** How soon after a change a further change may leave the same time: some clock ticks; seconds where times are coarse. */
const SLACK_NS = 100_000_000n;
const COARSE_SLACK_NS = 2_100_000_000n;

/**
 * True if an entry changed so shortly before it was read that a later change may have left no trace.
 * @param lookedNs when the look began, ns since 1970
 */
export function isRacy({ stat: { ctimeNs } }: ScannedEntry, lookedNs: bigint): boolean {
  const slack = ctimeNs % 1_000_000n === 0n ? COARSE_SLACK_NS : SLACK_NS;
  return ctimeNs >= lookedNs - slack;
}

import type { FileActionSymlink } from '@llb-ts/pb';
import type { Draft } from '../../layer/draft.ts';
import { bytesOf, clean, parentOf } from '../../name/bytes.ts';
import { resolve } from '../../tree/resolve.ts';
import { asPathFailure, pathFailure } from './failure.ts';
import type { Owner } from './owner.ts';
import { timestampOf } from './timestamp.ts';

/** Makes a link. The new path is followed to its end: over a dangling link, the new one is made at its target. */
export function symlink(draft: Draft, action: FileActionSymlink, owner: Owner | undefined): void {
  const path = resolve(draft, clean(bytesOf(action.newpath)));
  const timestamp = timestampOf(action.timestamp);
  const call = `symlink ${action.oldpath}`;
  try {
    if (action.oldpath === '' || draft.lookup(parentOf(path))?.stat.type !== 'dir') {
      throw pathFailure(call, path, 'ENOENT');
    }
    draft.makeSymlink(path, bytesOf(action.oldpath));
    if (owner) draft.setOwner(path, owner.uid, owner.gid);
    if (timestamp !== undefined) draft.setTimes(path, timestamp, timestamp);
  } catch (error) {
    throw asPathFailure(error, call, path);
  }
}

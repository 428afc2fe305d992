import type { FileActionMkFile } from '@llb-ts/pb';
import type { Draft } from '../../layer/draft.ts';
import { bytesOf, clean, parentOf } from '../../name/bytes.ts';
import { resolve } from '../../tree/resolve.ts';
import { asPathFailure, pathFailure } from './failure.ts';
import type { Owner } from './owner.ts';
import { timestampOf } from './timestamp.ts';

/**
 * Makes a file, in place of whatever non-directory is there and never by writing into it, so that nothing of the old
 * one stays: neither mode nor owner, and its other names keep the old content (docs/buildkit-semantics.md#mkfile). A link at the end is followed.
 */
export function mkfile(draft: Draft, action: FileActionMkFile, owner: Owner | undefined): void {
  const target = clean(bytesOf(action.path));
  const path = resolve(draft, target);
  if (path === '/') throw pathFailure('mkfile', target, 'EISDIR');
  const timestamp = timestampOf(action.timestamp);
  try {
    if (draft.lookup(parentOf(path))?.stat.type !== 'dir') throw pathFailure('open', path, 'ENOENT');
    if (draft.lookup(path)?.stat.type === 'dir') throw pathFailure('rename', path, 'EEXIST');
    draft.writeFile(path, action.data, action.mode & 0o777);
    if (owner) {
      draft.setOwner(path, owner.uid, owner.gid);
    }
    if (timestamp !== undefined) draft.setTimes(path, timestamp, timestamp);
  } catch (error) {
    throw asPathFailure(error, 'open', path);
  }
}

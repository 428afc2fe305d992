import type { FileActionMkDir } from '@llb-ts/pb';
import type { Draft } from '../../layer/draft.ts';
import { bytesOf, parentOf } from '../../name/bytes.ts';
import { resolve } from '../../tree/resolve.ts';
import { asPathFailure, pathFailure } from './failure.ts';
import { makeDirectories, makeDirectory } from './make-directories.ts';
import type { Owner } from './owner.ts';
import { timestampOf } from './timestamp.ts';

/** Makes a directory (docs/buildkit-semantics.md#mkdir). Anything that is there already, be it a file, is left alone and is no error. */
export function mkdir(draft: Draft, action: FileActionMkDir, owner: Owner | undefined): void {
  const path = resolve(draft, bytesOf(action.path));
  const options = { mode: action.mode & 0o777, owner, timestamp: timestampOf(action.timestamp) };
  try {
    if (action.makeParents) {
      makeDirectories(draft, path, options);
    } else if (!draft.lookup(path)) {
      if (!draft.lookup(parentOf(path))) throw pathFailure('mkdir', path, 'ENOENT');
      makeDirectory(draft, path, options);
    }
  } catch (error) {
    throw asPathFailure(error, 'mkdir', path);
  }
}

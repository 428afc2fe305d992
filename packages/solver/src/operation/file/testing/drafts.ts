import type {
  FileActionCopy,
  FileActionMkDir,
  FileActionMkFile,
  FileActionRm,
  FileActionSymlink,
} from '@llb-ts/pb';
import { UNSTOPPED } from '../../../host/testing/this-process.ts';
import { Draft } from '../../../layer/draft.ts';
import { type Listing, listingOf, newFolder, treeOf } from '../../../tree/testing/folder.ts';
import type { Tree } from '../../../tree/tree.ts';
import type { CopyJob } from '../copy-job.ts';
import type { Owner } from '../owner.ts';

/** A draft on a listing tree. */
export function draftOn(base: Listing): Draft {
  return new Draft({ base: treeOf(base), upper: newFolder(), pacer: UNSTOPPED });
}

/** A job of copying from one listing tree into a draft on another. */
export function jobOf(
  source: Listing | Tree,
  base: Listing,
  more: Partial<CopyJob> = {},
): CopyJob & { draft: Draft } {
  return {
    source:
      'lookup' in source && typeof source.lookup === 'function'
        ? (source as Tree)
        : treeOf(source as Listing),
    draft: draftOn(base),
    owner: undefined,
    share: true,
    ...more,
  } as CopyJob & { draft: Draft };
}

/** The files of a draft after an action, or the error's text. */
export async function outcome(
  draft: Draft,
  act: () => void | Promise<void>,
): Promise<Record<string, string> | string> {
  try {
    await act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return listingOf(draft);
}

export const mkdirOf = (path: string, more: Partial<FileActionMkDir> = {}): FileActionMkDir => ({
  path,
  mode: 0o755,
  makeParents: false,
  timestamp: -1n,
  ...more,
});

export const mkfileOf = (path: string, more: Partial<FileActionMkFile> = {}): FileActionMkFile => ({
  path,
  mode: 0o644,
  data: Buffer.from('new'),
  timestamp: -1n,
  ...more,
});

export const symlinkOf = (oldpath: string, newpath: string): FileActionSymlink => ({
  oldpath,
  newpath,
  timestamp: -1n,
});

export const rmOf = (path: string, more: Partial<FileActionRm> = {}): FileActionRm => ({
  path,
  allowNotFound: false,
  allowWildcard: false,
  ...more,
});

export const copyOf = (src: string, dest: string, more: Partial<FileActionCopy> = {}): FileActionCopy => ({
  src,
  dest,
  mode: -1,
  followSymlink: false,
  dirCopyContents: false,
  attemptUnpackDockerCompatibility: false,
  createDestPath: false,
  allowWildcard: false,
  allowEmptyWildcard: false,
  timestamp: -1n,
  includePatterns: [],
  excludePatterns: [],
  alwaysReplaceExistingDestPaths: false,
  modeStr: '',
  requiredPaths: [],
  ...more,
});

export const owner = (uid: number, gid: number): Owner => ({ uid, gid });

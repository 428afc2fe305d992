import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { lstat, readlink } from '../host/files.ts';
import { getXattr, listXattrs, mknod, setTimes, setXattr } from '../host/syscalls.ts';
import { copyContent } from '../layer/copy-entry.ts';
import { isOverlayXattr } from '../layer/whiteout.ts';
import { fsPath, textOf } from '../tree/bytes.ts';
import type { Entry } from '../tree/entry.ts';
import type { Tree } from '../tree/tree.ts';
import { exportFailure } from './failure.ts';
import type { Progress } from './progress.ts';
import { LinkNames, walk } from './walk.ts';

/** From this size on a file is copied by another thread, so that the process stays alive to signals. */
const LARGE_FILE = 16 << 20;

/** A directory that still has to get its mode and time. */
export interface StagedDirectory {
  /** Relative byte string. */
  readonly path: string;
  readonly entry: Entry;
  readonly mtimeNs: bigint;
}

/**
 * Writes everything below `root` into the empty folder `stage`, as the user's own.
 * @returns the directories, a directory before those in it; all are 0700 so far
 */
export async function stageTree(
  tree: Tree,
  root: string,
  stage: string,
  epochNs: bigint | undefined,
  progress: Progress,
): Promise<readonly StagedDirectory[]> {
  const directories: StagedDirectory[] = [];
  const links = new LinkNames();
  // A folder of the user may hand its group down; the result should not depend on that.
  own(stage);
  for (const { path, entry } of walk(tree, root)) {
    await progress.entry();
    const { stat } = entry;
    const hostPath = `${stage}/${path}`;
    const mtimeNs = epochNs ?? stat.mtimeNs;
    if (stat.type === 'dir') {
      fs.mkdirSync(fsPath(hostPath), 0o700);
      directories.push({ path, entry, mtimeNs });
      continue;
    }
    const first = stat.type === 'symlink' ? undefined : links.linkTo(path, entry);
    if (first !== undefined) {
      fs.linkSync(fsPath(`${stage}/${first}`), fsPath(hostPath));
      continue;
    }
    await writeEntry(entry, hostPath);
    dress(entry, hostPath, mtimeNs);
    if (stat.type === 'file') await progress.bytes(stat.size);
  }
  return directories;
}

/** Mode, owner, xattrs and time of a directory that is filled. */
export function dressDirectory({ entry, mtimeNs }: StagedDirectory, hostPath: string): void {
  own(hostPath);
  dress(entry, hostPath, mtimeNs);
}

function dress(entry: Entry, hostPath: string, mtimeNs: bigint): void {
  const { mode, type } = entry.stat;
  copyXattrs(entry, hostPath);
  if (type !== 'symlink') fs.chmodSync(fsPath(hostPath), mode);
  setTimes(hostPath, mtimeNs, mtimeNs);
}

async function writeEntry(entry: Entry, hostPath: string): Promise<void> {
  const { type, mode, size, major, minor } = entry.stat;
  switch (type) {
    case 'file':
      if (size < LARGE_FILE) return copyContent(entry, hostPath);
      return fs.promises.copyFile(
        fsPath(entry.hostPath),
        fsPath(hostPath),
        fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE,
      );
    case 'symlink':
      return fs.symlinkSync(fsPath(readlink(entry.hostPath)), fsPath(hostPath));
    case 'socket':
      // As in BuildKit, whose walk does not tell a socket from a file.
      return fs.writeFileSync(fsPath(hostPath), '', { flag: 'wx' });
    case 'fifo':
    case 'char':
    case 'block':
      try {
        return mknod(hostPath, type, mode, major, minor);
      } catch (error) {
        if (errnoOf(error) !== 'EPERM') throw error;
        const name = textOf(hostPath.slice(hostPath.lastIndexOf('/') + 1));
        throw exportFailure(`failed to create device ${name}: operation not permitted`, {
          cause: error,
          hint: 'only root may make devices: run as root, or export with type=tar',
        });
      }
    case 'dir':
      throw new Error('Internal error: a directory is not written as a file');
  }
}

function own(hostPath: string): void {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const stat = lstat(hostPath);
  if (stat && (stat.uid !== uid || stat.gid !== gid)) fs.lchownSync(fsPath(hostPath), uid, gid);
}

/** What the user or the filesystem does not allow is left out, as in BuildKit's client. */
function copyXattrs(entry: Entry, hostPath: string): void {
  const names = listXattrs(entry.hostPath).filter((name) => !isOverlayXattr(name));
  // Setting one takes the right to write.
  if (names.length > 0 && entry.stat.type !== 'symlink') fs.chmodSync(fsPath(hostPath), 0o700);
  for (const name of names) {
    const value = getXattr(entry.hostPath, name);
    if (!value) continue;
    try {
      setXattr(hostPath, name, value);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSPC' && code !== 'ERANGE') throw error;
    }
  }
}

import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { lstat } from '../../host/files.ts';
import { getXattr, listXattrs, mknod, setTimes, setXattr } from '../../host/syscalls.ts';
import { copyContent } from '../../layer/replicate-entry.ts';
import { isOverlayXattr } from '../../layer/whiteout.ts';
import { fsPath, textOf } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import { exportFailure } from '../base/failure.ts';
import type { Progress } from '../base/progress.ts';
import type { Outgoing, OutgoingEntry } from './outgoing.ts';

/** From this size on a file is copied by another thread, so that the process stays alive to signals. */
const LARGE_FILE = 16 << 20;

/** A directory that still has to get its mode and time. */
export type StagedDirectory = Extract<Outgoing, { kind: 'folder' }> | OutgoingEntry;

/**
 * Writes what goes out into the empty folder `stage`, as the user's own.
 * @returns the directories, a directory before those in it; all are 0700 so far
 */
export async function stageTree(
  entries: Iterable<Outgoing>,
  stage: string,
  progress: Progress,
): Promise<readonly StagedDirectory[]> {
  const directories: StagedDirectory[] = [];
  // A folder of the user may hand its group down; the result should not depend on that.
  chownToSelf(stage);
  for (const one of entries) {
    await progress.entry();
    const hostPath = `${stage}/${one.path}`;
    if (one.kind === 'folder' || one.entry.stat.type === 'dir') {
      // Platforms without folders of their own may have directories in common.
      fs.mkdirSync(fsPath(hostPath), { mode: 0o700, recursive: true });
      directories.push(one);
      continue;
    }
    const { entry, linkname, mtimeNs } = one;
    if (entry.stat.type !== 'symlink' && linkname !== undefined) {
      fs.linkSync(fsPath(`${stage}/${linkname}`), fsPath(hostPath));
      continue;
    }
    await writeEntry(one, hostPath);
    applyMetadata(entry, hostPath, mtimeNs);
    if (entry.stat.type === 'file') await progress.bytes(entry.stat.size);
  }
  return directories;
}

/** Mode, owner, xattrs and time of a directory that is filled. */
export function applyDirectoryMetadata(directory: StagedDirectory, hostPath: string): void {
  const { mtimeNs } = directory;
  chownToSelf(hostPath);
  if (directory.kind === 'entry') {
    applyMetadata(directory.entry, hostPath, mtimeNs);
    return;
  }
  fs.chmodSync(fsPath(hostPath), 0o755);
  setTimes(hostPath, mtimeNs, mtimeNs);
}

function applyMetadata(entry: Entry, hostPath: string, mtimeNs: bigint): void {
  const { mode, type } = entry.stat;
  copyXattrs(entry, hostPath);
  if (type !== 'symlink') fs.chmodSync(fsPath(hostPath), mode);
  setTimes(hostPath, mtimeNs, mtimeNs);
}

async function writeEntry({ entry, linkname = '' }: OutgoingEntry, hostPath: string): Promise<void> {
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
      return fs.symlinkSync(fsPath(linkname), fsPath(hostPath));
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

function chownToSelf(hostPath: string): void {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const stat = lstat(hostPath);
  if (stat && (stat.uid !== uid || stat.gid !== gid)) fs.lchownSync(fsPath(hostPath), uid, gid);
}

/** Attributes that the user or the filesystem does not allow are left out, as in BuildKit's client. */
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

import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { readlink } from '../host/files.ts';
import { getXattr, listXattrs, mknod, setTimes, setXattr } from '../host/syscalls.ts';
import { fsPath } from '../name/bytes.ts';
import type { Entry, FileType } from '../name/entry.ts';
import { isOverlayXattr } from './whiteout.ts';

/** Makes `hostPath` an exact copy of one entry: content, owner, mode, xattrs and times; a directory comes empty. */
export function copyEntry(from: Entry, hostPath: string): void {
  const { stat } = from;
  switch (stat.type) {
    case 'dir':
      fs.mkdirSync(fsPath(hostPath), stat.mode & 0o777);
      break;
    case 'file':
      copyContent(from, hostPath);
      break;
    case 'symlink':
      fs.symlinkSync(fsPath(readlink(from.hostPath)), fsPath(hostPath));
      break;
    default:
      mknod(hostPath, stat.type, stat.mode, stat.major, stat.minor);
  }
  copyMetadata(from, hostPath);
}

/** Owner, mode, xattrs and times of `from`, in the order in which none undoes another. */
export function copyMetadata(from: Entry, hostPath: string): void {
  const { stat } = from;
  fs.lchownSync(fsPath(hostPath), stat.uid, stat.gid);
  if (stat.type !== 'symlink') fs.chmodSync(fsPath(hostPath), stat.mode);
  copyXattrs(from, hostPath);
  setTimes(hostPath, stat.atimeNs, stat.mtimeNs);
}

/** Those that are set already stay, unless `from` has others of their names. */
export function copyXattrs(from: Entry, hostPath: string): void {
  for (const name of listXattrs(from.hostPath)) {
    const value = isOverlayXattr(name) ? undefined : getXattr(from.hostPath, name);
    if (value) setXattrIfAllowed(hostPath, name, value);
  }
}

/** Sets an xattr where this user and filesystem can; BuildKit passes over the others too (`snapshot/diffapply_linux.go`). */
function setXattrIfAllowed(hostPath: string, name: string, value: Uint8Array): void {
  try {
    setXattr(hostPath, name, value);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EPERM' && code !== 'ENOTSUP') throw error;
  }
}

/** Pipes and sockets are made anew where a layer moves, never linked: who shares the inode could talk (`snapshot/diffapply_linux.go`). */
export function isPipe(type: FileType): boolean {
  return type === 'fifo' || type === 'socket';
}

/** A new file with the content of another; `EEXIST` if the name is taken. Its mode is still to be set. */
export function copyContent(from: Entry, hostPath: string): void {
  const { COPYFILE_EXCL, COPYFILE_FICLONE } = fs.constants;
  fs.copyFileSync(fsPath(from.hostPath), fsPath(hostPath), COPYFILE_EXCL | COPYFILE_FICLONE);
}

/** A second name for the inode of `from`, or where the filesystem has no more links to give, a copy. */
export function linkEntry(from: Entry, hostPath: string): 'linked' | 'copied' {
  try {
    fs.linkSync(fsPath(from.hostPath), fsPath(hostPath));
    return 'linked';
  } catch (error) {
    const code = errnoOf(error);
    // EPERM: hard links protected, or none on this filesystem.
    if (code !== 'EMLINK' && code !== 'EXDEV' && code !== 'EPERM') throw error;
    copyEntry(from, hostPath);
    return 'copied';
  }
}

import type { Entry, FileType } from '../name/entry.ts';
import type { Tree } from '../tree/tree.ts';

/**
 * A layer being written: its own folder on top of a base that is only read.
 *
 * It shows the merged tree (it is a {@link Tree}) and takes the changes that a file action or an unpacked archive makes.
 * Every change happens as on a mounted overlay: what exists only in the base is copied up first, a removed name leaves a
 * whiteout, parents get a new mtime when their content changes. Nothing is ever mounted.
 *
 * Paths are clean absolute byte strings whose parents are real directories of this tree: resolve links first. Errors are
 * those of `fs`: an `Error` with `code` (`ENOENT`, `ENOTDIR`, `EEXIST`, `EISDIR`).
 */
export interface Draft extends Tree {
  /** Makes a directory with exactly `mode`, owner 0:0. `EEXIST` if anything has this name. */
  makeDirectory(path: string, mode: number): void;
  /** Writes a new file (owner 0:0, exactly `mode`) in place of whatever non-directory has this name. `EISDIR` over a directory. */
  writeFile(path: string, data: Uint8Array, mode: number): void;
  /** A new file with the content of `from` (owner 0:0, exactly `mode`), in place of a non-directory. */
  copyFile(path: string, from: Entry, mode: number): void;
  /**
   * A file with content, owner, mode, times and xattrs of `from`, in place of a non-directory. Shares the inode with the
   * layer it comes from where nobody can see that, else copies. The result must not be changed afterwards, only replaced.
   */
  shareFile(path: string, from: Entry): void;
  /** A symbolic link (owner 0:0). `EEXIST` if anything has this name. */
  makeSymlink(path: string, target: string): void;
  /** A device, fifo or socket with exactly `mode`, owner 0:0. `EEXIST` if anything has this name. */
  makeNode(
    path: string,
    type: Extract<FileType, 'char' | 'block' | 'fifo' | 'socket'>,
    mode: number,
    major: number,
    minor: number,
  ): void;
  /** A second name for the non-directory at `existing`. `EEXIST` if anything has this name. */
  makeHardlink(path: string, existing: string): void;
  /** Removes whatever is at `path` with all below it; nothing there is fine. */
  remove(path: string): void;
  /** Owner of the entry itself, never of a link's target. */
  setOwner(path: string, uid: number, gid: number): void;
  /** Permission bits with setuid, setgid, sticky. Links have none: do not call it for them. */
  setMode(path: string, mode: number): void;
  /** Nanoseconds since 1970, of the entry itself. */
  setTimes(path: string, atimeNs: bigint, mtimeNs: bigint): void;
  setXattr(path: string, name: string, value: Uint8Array): void;
  removeXattr(path: string, name: string): void;
}

export type FileType = 'file' | 'dir' | 'symlink' | 'char' | 'block' | 'fifo' | 'socket';

/** The answer of `lstat` for one entry. */
export interface EntryStat {
  readonly type: FileType;
  /** Permission bits with setuid 0o4000, setgid 0o2000, sticky 0o1000; no type bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file or of a link's target; whatever the filesystem says for others. */
  readonly size: number;
  /** Device numbers of a char or block device, else 0. */
  readonly major: number;
  readonly minor: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  readonly atimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly nlink: number;
  /** Identity of the inode on this machine. */
  readonly dev: bigint;
  readonly ino: bigint;
}

/** One entry of a tree: what it is, and where its bytes, xattrs or link target can be read on this machine. */
export interface Entry {
  readonly stat: EntryStat;
  /** Absolute path on the host (byte string). For a directory: of the topmost directory merged there. */
  readonly hostPath: string;
  /**
   * The owner of the inode: the layer or folder that made the file. Two names are hard links of one file only if
   * `source`, `stat.dev` and `stat.ino` agree: layers share inodes for speed, which must not be seen.
   */
  readonly source: string;
  /** Id of the stored layer that holds it; absent where no layer does, and so the file may change. */
  readonly layer?: string;
}

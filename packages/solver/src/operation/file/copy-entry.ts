import { errnoOf } from '../../error/error.ts';
import { readlink } from '../../host/files.ts';
import { getXattr, listXattrs } from '../../host/syscalls.ts';
import { isOverlayXattr } from '../../layer/whiteout.ts';
import type { Entry } from '../../name/entry.ts';
import type { ModeChange } from './chmod.ts';
import type { CopyJob } from './copy-job.ts';
import { pathFailure } from './failure.ts';
import type { Timestamp } from './timestamp.ts';

export interface Attributes {
  readonly mode: ModeChange | undefined;
  readonly timestamp: Timestamp;
}

/** Writes single entries for one copy. It knows the files it has written, so that hard links stay what they are. */
export class EntryCopier {
  readonly #job: CopyJob;
  readonly #attributes: Attributes;
  /** Target of each file with several names, by what the source says is one file. */
  readonly #written = new Map<string, string>();

  constructor(job: CopyJob, attributes: Attributes) {
    this.#job = job;
    this.#attributes = attributes;
  }

  /** Copies anything but a directory to where nothing is. */
  copy(entry: Entry, target: string): void {
    const { draft } = this.#job;
    const { stat } = entry;
    switch (stat.type) {
      case 'file':
        this.#copyFile(entry, target);
        return;
      case 'symlink':
        draft.makeSymlink(target, readlink(entry.hostPath));
        break;
      case 'socket':
        draft.writeFile(target, new Uint8Array(0), 0);
        break;
      case 'fifo':
        draft.makeNode(target, 'fifo', stat.mode, 0, 0);
        break;
      default:
        // A block device too: BuildKit clears one bit too many of its type.
        if (stat.major === 0 && stat.minor === 0) throw pathFailure('mknod', target, 'EPERM');
        draft.makeNode(target, 'char', stat.mode, stat.major, stat.minor);
    }
    this.copyAttributes(entry, target);
  }

  #copyFile(entry: Entry, target: string): void {
    const { draft, share } = this.#job;
    const { stat } = entry;
    if (stat.nlink > 1) {
      const identity = `${entry.source}\0${stat.dev}:${stat.ino}`;
      const written = this.#written.get(identity);
      if (written !== undefined) {
        draft.makeHardlink(target, written);
        return;
      }
      this.#written.set(identity, target);
    }
    if (share && !this.#changes(entry)) {
      draft.shareFile(target, entry);
      return;
    }
    draft.copyFile(target, entry, this.#modeOf(entry));
    this.copyAttributes(entry, target);
  }

  /** True if the copy will differ from its source in owner, mode or times. */
  #changes(entry: Entry): boolean {
    const { owner } = this.#job;
    const { uid, gid, mode } = entry.stat;
    if (this.#attributes.timestamp !== undefined) return true;
    if (owner && (owner.uid !== uid || owner.gid !== gid)) return true;
    return this.#modeOf(entry) !== mode;
  }

  #modeOf({ stat }: Entry): number {
    return this.#attributes.mode ? this.#attributes.mode(stat.mode, stat.type === 'dir') : stat.mode;
  }

  /** Owner, mode, times and xattrs, in the order in which none undoes another. */
  copyAttributes(entry: Entry, target: string): void {
    const { draft, owner } = this.#job;
    const { uid, gid } = owner ?? entry.stat;
    draft.setOwner(target, uid, gid);
    if (entry.stat.type !== 'symlink') draft.setMode(target, this.#modeOf(entry));
    this.copyTimes(entry, target);
    this.#copyXattrs(entry, target);
  }

  copyTimes({ stat }: Entry, target: string): void {
    const { timestamp } = this.#attributes;
    this.#job.draft.setTimes(target, timestamp ?? stat.atimeNs, timestamp ?? stat.mtimeNs);
  }

  /** As far as the filesystem takes them: with the first one refused, the rest is not tried. */
  #copyXattrs(entry: Entry, target: string): void {
    try {
      for (const name of listXattrs(entry.hostPath)) {
        const value = isOverlayXattr(name) ? undefined : getXattr(entry.hostPath, name);
        if (value) this.#job.draft.setXattr(target, name, value);
      }
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

import type { SolveFailure } from '@llb-ts/backend';
import { stepFailure } from '../../error/error.ts';
import { join, textOf } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import { EVERYTHING, type Selection, type Verdict } from '../../pattern/selection.ts';
import { locate } from '../../tree/locate.ts';
import type { ModeChange } from './chmod.ts';
import { EntryCopier } from './copy-entry.ts';
import type { CopyJob } from './copy-job.ts';
import { pathFailure } from './failure.ts';
import type { Timestamp } from './timestamp.ts';

export interface CopyOptions {
  readonly mode: ModeChange | undefined;
  readonly timestamp: Timestamp;
  readonly patterns: Selection;
  /** Removes an existing file at the target of a copy first, unless both are directories. */
  readonly replace: boolean;
}

/** A directory on the way to what is being copied. It is made only when something in it turns out to be wanted. */
interface OpenDirectory {
  readonly entry: Entry;
  readonly target: string;
  made: boolean;
}

interface Place {
  /** The path of the entry in the source. */
  readonly path: string;
  readonly target: string;
  /** Path below what the copy began with; what patterns are matched against. Empty for the start itself. */
  readonly below: string;
  /** Nothing can be at the target: this copy made the directory it lies in. */
  readonly vacant: boolean;
}

/**
 * Copies one file or one directory with all in it. Hard links within it stay hard links (docs/buildkit-semantics.md#copy-of-entries).
 *
 * Directories that were there already take the mode, owner and times of the source's, except the topmost, which only
 * takes the times.
 */
export class TreeCopier {
  readonly #job: CopyJob;
  readonly #options: CopyOptions;
  readonly #entries: EntryCopier;
  readonly #open: OpenDirectory[] = [];

  constructor(job: CopyJob, options: CopyOptions) {
    this.#job = job;
    this.#options = options;
    this.#entries = new EntryCopier(job, options);
  }

  /** @param target where it goes; its parent is a directory */
  async copy(path: string, entry: Entry, target: string): Promise<void> {
    const place = { path, target, below: '', vacant: false };
    if (entry.stat.type === 'dir') await this.#copyDirectory(entry, place, EVERYTHING);
    else this.#copyOther(entry, place);
  }

  async #copyDirectory(entry: Entry, place: Place, verdict: Verdict): Promise<void> {
    const { path, target, below } = place;
    const { draft } = this.#job;
    const isTop = below === '';
    let there = place.vacant ? undefined : draft.lookup(target);
    let vacant = !there;
    if (verdict.included) {
      there = this.#makeRoom(there, entry, target);
      if (there && there.stat.type !== 'dir') throw notADirectory(target);
      if (!there) draft.makeDirectory(target, entry.stat.mode & 0o777);
      vacant = !there;
    } else if (vacant && !place.vacant) {
      vacant = this.#isVacant(target);
    }
    this.#open.push({ entry, target, made: verdict.included });
    if (this.#options.patterns.enters(verdict)) {
      for (const name of this.#job.source.list(path)) {
        const child = below === '' ? name : `${below}/${name}`;
        await this.#copyChild(
          { path: join(path, name), target: join(target, name), below: child, vacant },
          verdict,
        );
      }
    }
    this.#open.pop();
    if (!verdict.included) return;
    if (isTop && there) this.#entries.copyTimes(entry, target);
    else this.#entries.copyAttributes(entry, target);
  }

  /**
   * True if the target of a directory that the patterns exclude does not exist. It is resolved all the same, so that a file
   * or a circle of links there is an error.
   */
  #isVacant(target: string): boolean {
    const location = locate(this.#job.draft, target, { follow: false });
    if (location.kind === 'failed' && location.code !== 'ENOENT')
      throw pathFailure('lstat', target, location.code);
    return location.kind !== 'found';
  }

  async #copyChild(place: Place, parent: Verdict): Promise<void> {
    const verdict = this.#options.patterns.judge(place.below, parent);
    if (!verdict) return;
    await this.#job.draft.pacer.pause();
    const entry = this.#job.source.lookup(place.path);
    if (entry?.stat.type === 'dir') await this.#copyDirectory(entry, place, verdict);
    else if (entry && verdict.included) this.#copyOther(entry, place);
  }

  /** A file, link, device, fifo or socket. */
  #copyOther(entry: Entry, { target, vacant }: Place): void {
    const found = vacant ? undefined : this.#job.draft.lookup(target);
    const there = this.#makeRoom(found, entry, target);
    if (there?.stat.type === 'dir') {
      throw stepFailure(`cannot replace to directory ${textOf(target)} with file`);
    }
    if (there) this.#job.draft.remove(target);
    this.#entries.copy(entry, target);
  }

  /** Before an entry that is wanted is written: removes what it replaces, makes the directories it lies in. */
  #makeRoom(there: Entry | undefined, entry: Entry, target: string): Entry | undefined {
    const remove =
      there && this.#options.replace && !(there.stat.type === 'dir' && entry.stat.type === 'dir');
    if (remove) this.#job.draft.remove(target);
    for (const directory of this.#open) {
      if (!directory.made) this.#makeOpen(directory);
    }
    return remove ? undefined : there;
  }

  #makeOpen(directory: OpenDirectory): void {
    const { draft } = this.#job;
    const { entry, target } = directory;
    const there = draft.lookup(target);
    if (there && there.stat.type !== 'dir') throw notADirectory(target);
    if (there) {
      draft.setMode(target, entry.stat.mode);
    } else {
      draft.makeDirectory(target, entry.stat.mode & 0o777);
      this.#entries.copyAttributes(entry, target);
    }
    directory.made = true;
  }
}

function notADirectory(target: string): SolveFailure {
  return stepFailure(`cannot copy to non-directory: ${textOf(target)}`);
}

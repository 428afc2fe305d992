import fs from 'node:fs';
import { errnoOf, stepFailure } from '../../error/error.ts';
import { entryStat } from '../../host/files.ts';
import type { Pacer } from '../../host/pacer.ts';
import { compareBytes, fsPath, textOf } from '../../name/bytes.ts';
import type { EntryStat } from '../../name/entry.ts';
import type { FilterState, PathFilter } from './path-filter.ts';

/** One entry of a folder that belongs to the result. */
export interface ScannedEntry {
  /** Relative, a byte string; parents come before what is in them. */
  readonly path: string;
  readonly hostPath: string;
  readonly stat: EntryStat;
  /** For a further name of a file that came before: that one's path. */
  readonly linkTo: string | undefined;
  /** A file that arrives without its content. */
  readonly isEmptied: boolean;
  /** Changes whenever content or metadata may have changed. */
  readonly signature: string;
}

/**
 * Walks a folder in fsutil's order (`fs.go`, `filter.go`): names in byte order, each directory before what is in it. A
 * directory that is not taken itself comes just before the first thing in it that is. Entries that vanish meanwhile are
 * passed over. The folder itself is not listed.
 */
export async function scanFolder(root: string, filter: PathFilter, pacer: Pacer): Promise<ScannedEntry[]> {
  const scan = new Scan(root, filter, pacer);
  await scan.enter('', undefined);
  return scan.entries;
}

/** A directory on the way from the root. */
interface Ancestor {
  readonly path: string;
  readonly parent: Ancestor | undefined;
  readonly state: FilterState;
  listed: boolean;
}

class Scan {
  readonly entries: ScannedEntry[] = [];
  readonly #root: string;
  readonly #filter: PathFilter;
  readonly #pacer: Pacer;
  /** The first name of each file that has several. */
  readonly #firstNames = new Map<string, string>();

  constructor(root: string, filter: PathFilter, pacer: Pacer) {
    this.#root = root;
    this.#filter = filter;
    this.#pacer = pacer;
  }

  async enter(directory: string, ancestor: Ancestor | undefined): Promise<void> {
    await this.#pacer.pause();
    for (const entry of readEntries(directory === '' ? this.#root : `${this.#root}/${directory}`)) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      const { taken, prune, state } = this.#filter.judge(path, entry.isDirectory(), ancestor?.state);
      if (prune) continue;
      if (!entry.isDirectory()) {
        if (taken) this.#list(path, ancestor);
        continue;
      }
      const here: Ancestor = { path, parent: ancestor, state, listed: false };
      if (taken && !this.#listDirectory(here)) continue;
      await this.enter(path, here);
    }
  }

  /** Lists an entry after the directories it is in; false if it is gone. */
  #list(path: string, ancestor: Ancestor | undefined): boolean {
    const hostPath = `${this.#root}/${path}`;
    const stats = fs.lstatSync(fsPath(hostPath), { bigint: true, throwIfNoEntry: false });
    if (!stats || !this.#listParents(ancestor)) return false;
    const stat = entryStat(stats);
    this.entries.push({
      path,
      hostPath,
      stat,
      linkTo: this.#linkTo(path, stat),
      isEmptied: stat.type === 'file' && !this.#filter.opens(path),
      signature: signatureOf(stats),
    });
    return true;
  }

  #listParents(ancestor: Ancestor | undefined): boolean {
    return ancestor === undefined || ancestor.listed || this.#listDirectory(ancestor);
  }

  #listDirectory(directory: Ancestor): boolean {
    directory.listed = this.#list(directory.path, directory.parent);
    return directory.listed;
  }

  #linkTo(path: string, { type, nlink, dev, ino }: EntryStat): string | undefined {
    if (type !== 'file' || nlink <= 1) return undefined;
    const inode = `${dev}:${ino}`;
    const first = this.#firstNames.get(inode);
    if (first === undefined) this.#firstNames.set(inode, path);
    return first;
  }
}

/** It includes the change time, which no program can set. */
function signatureOf({ mode, size, mtimeNs, ctimeNs, dev, ino, nlink }: fs.BigIntStats): string {
  return `${mode} ${size} ${mtimeNs} ${ctimeNs} ${dev} ${ino} ${nlink}`;
}

function readEntries(folder: string): fs.Dirent[] {
  try {
    // The encoding is honoured here too, though the types know it only without `withFileTypes`.
    const options = { encoding: 'latin1', withFileTypes: true } as unknown as { withFileTypes: true };
    return fs.readdirSync(fsPath(folder), options).sort((a, b) => compareBytes(a.name, b.name));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    if (code === 'EACCES') throw stepFailure(`open ${textOf(folder)}: permission denied`, { cause: error });
    throw error;
  }
}

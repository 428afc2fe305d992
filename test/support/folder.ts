import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesOfText } from './bytes-text.ts';

/** One entry of a folder that a test makes on this machine: what an ordinary user can make. */
export interface FolderEntry {
  /** Relative to the folder. Missing parents are made. */
  readonly path: string;
  /** Default: `file`. */
  readonly type?: 'file' | 'dir' | 'symlink' | 'hardlink';
  /** Default: 0o755 for directories, else 0o644. */
  readonly mode?: number;
  readonly content?: string | Uint8Array;
  /** Target of a symbolic link; of a hard link, the other path in this folder. */
  readonly target?: string;
  /** Seconds since 1970. Default: 1,000,000,000. */
  readonly mtime?: number;
}

/** Makes the entries in `folder`, which is made too; all times are set, so that two runs make the same. */
export function writeFolder(folder: string, entries: readonly FolderEntry[]): void {
  mkdirSync(folder, { recursive: true });
  const made = new Set<string>(entries.map((entry) => entry.path));
  for (const entry of entries) {
    mkdirSync(dirname(join(folder, entry.path)), { recursive: true });
    for (let parent = dirname(entry.path); parent !== '.'; parent = dirname(parent)) made.add(parent);
    writeEntry(folder, entry);
  }
  const times = new Map(entries.map((entry) => [entry.path, entry.mtime]));
  // Deepest first: writing into a directory moves its time.
  for (const path of [...made].sort().reverse()) {
    const time = times.get(path) ?? 1_000_000_000;
    lutimesSync(bytesOfText(join(folder, path)), time, time);
  }
  lutimesSync(folder, 1_000_000_000, 1_000_000_000);
}

function writeEntry(folder: string, entry: FolderEntry): void {
  const path = bytesOfText(join(folder, entry.path));
  switch (entry.type) {
    case 'dir':
      mkdirSync(path, { recursive: true });
      break;
    case 'symlink':
      symlinkSync(entry.target ?? '', path);
      return;
    case 'hardlink':
      linkSync(join(folder, entry.target ?? ''), path);
      return;
    default:
      writeFileSync(path, entry.content ?? '');
  }
  chmodSync(path, entry.mode ?? (entry.type === 'dir' ? 0o755 : 0o644));
}

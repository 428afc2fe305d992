import { lstat, readdirTyped } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { join } from '../name/bytes.ts';
import type { Entry } from '../name/entry.ts';
import { copyEntry, copyMetadata, isPipe, linkEntry } from './replicate-entry.ts';
import { isWhiteout, markWhiteoutHolder } from './whiteout.ts';

export interface CopyFolderOptions {
  /** `link`: the files are the same inodes, pipes and sockets are new ones. `copy`: they are new ones; hard links within the folder stay links. */
  readonly files: 'link' | 'copy';
  /** Entries to leave out, by path. Default: none. */
  readonly skip?: (path: string) => boolean;
  readonly pacer: Pacer;
}

/** Makes `to` a layer folder with the entries, marks and times of the layer folder `from`; `to` does not exist yet. */
export async function copyFolder(from: string, to: string, options: CopyFolderOptions): Promise<void> {
  const links = new Map<bigint, string>();
  await copyDirectory('/', { stat: lstat(from)!, hostPath: from, source: from }, to);

  async function copyDirectory(path: string, directory: Entry, target: string): Promise<void> {
    copyEntry(directory, target);
    let holdsWhiteouts = false;
    for (const name of readdirTyped(directory.hostPath).names) {
      const child = join(path, name);
      if (options.skip?.(child)) continue;
      await options.pacer.pause();
      const hostPath = `${directory.hostPath}/${name}`;
      const entry: Entry = { stat: lstat(hostPath)!, hostPath, source: from };
      holdsWhiteouts ||= isWhiteout(entry.stat);
      if (entry.stat.type === 'dir') await copyDirectory(child, entry, `${target}/${name}`);
      else copyNode(entry, `${target}/${name}`);
    }
    if (holdsWhiteouts) markWhiteoutHolder(target);
    // Filling it has moved its times.
    copyMetadata(directory, target);
  }

  function copyNode(entry: Entry, target: string): void {
    const first = entry.stat.nlink > 1 && options.files === 'copy' ? links.get(entry.stat.ino) : undefined;
    if (options.files === 'link' && !isPipe(entry.stat.type)) linkEntry(entry, target);
    else if (first) linkEntry({ ...entry, hostPath: first }, target);
    else copyEntry(entry, target);
    if (!first) links.set(entry.stat.ino, target);
  }
}

import fs from 'node:fs';
import { lstat, readdir } from '../host/files.ts';
import type { Pacer } from '../host/pacer.ts';
import { mknod } from '../host/syscalls.ts';
import { copyMetadata } from '../layer/replicate-entry.ts';
import { fsPath, join, nameOf, parentOf } from '../name/bytes.ts';
import type { Originals } from './native-materialise.ts';

/**
 * Moves what differs from `originals` out of `folder` into `upper`, in the form in which overlayfs would have left it:
 * changed and new entries, the directories above them, whiteouts for what is gone. `folder` is good for nothing afterwards.
 *
 * An entry counts as changed when its inode is another one or has changed in any way; whether that amounts to something is
 * the business of the layer's normal form.
 */
export async function captureChanges(
  folder: string,
  originals: Originals,
  upper: string,
  pacer: Pacer,
): Promise<void> {
  const names = namesByDirectory(originals);
  await capture('/');

  async function capture(directory: string): Promise<void> {
    const here = directory === '/' ? folder : folder + directory;
    // Taken before entries move out of it, which changes its times.
    const self = { stat: lstat(here)!, hostPath: here, source: folder };
    const gone = new Set(names.get(directory));
    for (const name of readdir(here)) {
      await pacer.pause();
      gone.delete(name);
      const path = join(directory, name);
      const stat = lstat(folder + path)!;
      const before = originals.get(path);
      const isSame = stat.ino === before?.ino && stat.ctimeNs === before.ctimeNs;
      if (before?.isDirectory && stat.type === 'dir') {
        if (!isSame) copyDirectoryUp(path);
        await capture(path);
      } else if (!isSame) {
        copyDirectoryUp(directory);
        fs.renameSync(fsPath(folder + path), fsPath(upper + path));
      }
    }
    if (gone.size > 0) copyDirectoryUp(directory);
    for (const name of gone) mknod(upper + join(directory, name), 'char', 0);
    if (lstat(upper + directory)) copyMetadata(self, upper + directory);
  }

  function copyDirectoryUp(path: string): void {
    if (path === '/' || lstat(upper + path)) return;
    copyDirectoryUp(parentOf(path));
    fs.mkdirSync(fsPath(upper + path));
  }
}

function namesByDirectory(originals: Originals): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const path of originals.keys()) {
    const known = names.get(parentOf(path));
    if (known) known.push(nameOf(path));
    else names.set(parentOf(path), [nameOf(path)]);
  }
  return names;
}

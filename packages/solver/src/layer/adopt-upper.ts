import fs from 'node:fs';
import { keepingTimes, lstat, readdir } from '../host/files.ts';
import { getXattr, listXattrs, removeXattr } from '../host/syscalls.ts';
import { fsPath, join } from '../name/bytes.ts';
import type { Draft } from './draft.ts';
import { isOverlayXattr, isWhiteout } from './whiteout.ts';

/**
 * Takes over an upper folder that a mounted overlay has filled: notes in the draft what the kernel marked, and removes
 * the kernel's marks. Afterwards the draft can be committed like one that was written entry by entry.
 *
 * An opaque directory hides the base's (docs/buildkit-semantics.md#comparison-of-overlay-layers); so do the directories in it, which the kernel does not mark.
 * A whiteout of a name that the base does not have says nothing and goes.
 */
export async function adoptUpper(draft: Draft): Promise<void> {
  const seen = new Set<bigint>();
  const pending: { readonly path: string; readonly hidden: boolean; readonly inBase: boolean }[] = [
    { path: '/', hidden: false, inBase: draft.base !== undefined },
  ];
  stripMarks(draft.upper);
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { path, hidden, inBase } = next;
    const folder = path === '/' ? draft.upper : draft.upper + path;
    for (const name of readdir(folder)) {
      await draft.pacer.pause();
      const child = join(path, name);
      const hostPath = draft.upper + child;
      const stat = lstat(hostPath)!;
      const before = inBase ? draft.base?.lookup(child)?.stat : undefined;
      if (isWhiteout(stat)) {
        if (before) draft.notes.addWhiteoutHolder(path);
        else keepingTimes(folder, () => fs.unlinkSync(fsPath(hostPath)));
        continue;
      }
      if (before) draft.notes.addOverlap(child);
      const marks = stripMarks(hostPath);
      if (stat.type === 'file' && !seen.has(stat.ino)) draft.notes.addBytes(stat.size);
      if (stat.type !== 'dir' && seen.has(stat.ino)) draft.notes.addLink(stat);
      seen.add(stat.ino);
      if (stat.type !== 'dir') continue;
      if (marks.hasOthers) draft.noteMarks(child);
      const hides = before?.type === 'dir' && (hidden || marks.opaque);
      if (hides) draft.notes.addOpaque(child);
      pending.push({ path: child, hidden: hides, inBase: before?.type === 'dir' });
    }
  }
}

/**
 * Removes overlayfs' own attributes and tells whether the entry was opaque. A redirect or metacopy comes from a process
 * that wrote it into a folder without a base: mounted with `redirect_dir=off` and `metacopy=off`, the kernel writes neither.
 */
function stripMarks(hostPath: string): { readonly opaque: boolean; readonly hasOthers: boolean } {
  let [opaque, hasOthers] = [false, false];
  for (const name of listXattrs(hostPath)) {
    hasOthers ||= !isOverlayXattr(name);
    if (!isOverlayXattr(name)) continue;
    if (name.endsWith('.overlay.opaque')) opaque = getXattr(hostPath, name)?.toString('latin1') === 'y';
    removeXattr(hostPath, name);
  }
  return { opaque, hasOthers };
}

/**
 * Puts a written draft into normal form, once, at commit (`docs/layers.md`):
 *
 * 1. *Explicit*: a directory that hides the base's is spelled out as whiteouts of what the base has in it (docs/buildkit-semantics.md#comparison-of-overlay-layers).
 * 2. *Minimal*: what turned out as it was before is dropped, and directories left without a change; not names of a file
 *    that has several.
 * 3. *Movable*: a diff passes over more than what is truly equal (docs/buildkit-semantics.md#sameness), and that is observable: the tree itself shows
 *    a file that only got another xattr, a diff does not have it. Where that is so, a second folder holds the layer as a
 *    diff sees it, its files linked; it is used wherever the layer lies on another base, and for the packed blob.
 */
import fs from 'node:fs';
import { keepingTimes, lstat, readdirTyped } from '../host/files.ts';
import { mknod } from '../host/syscalls.ts';
import { compareBytes, fsPath, join, parentOf } from '../name/bytes.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { copyFolder } from './copy-folder.ts';
import type { Draft } from './draft.ts';
import { isIdentical, isSameForDiff } from './sameness.ts';
import { isWhiteout, markWhiteoutHolder, removeUserOpaque } from './whiteout.ts';

/**
 * Normalises the draft's folder in place.
 * @param movable where the second folder goes if one is needed; does not exist yet
 * @returns whether it was needed
 */
export async function normalise(draft: Draft, movable: string): Promise<boolean> {
  spellOutOpaque(draft);
  const passedOver = dropUnchanged(draft);
  markHolders(draft);
  if (passedOver.size === 0 && !draft.notes.hasLinkedPipes && draft.notes.userOpaque.size === 0) return false;
  await copyFolder(draft.upper, movable, {
    files: 'link',
    skip: (path) => passedOver.has(path),
    pacer: draft.pacer,
  });
  const moved = new FolderTree(movable);
  for (const path of draft.notes.userOpaque) {
    const directory = moved.lookup(path);
    if (directory?.stat.type === 'dir') removeUserOpaque(directory.hostPath);
  }
  return true;
}

/** A removed entry may have come again since, and then even its directory may have turned out unchanged. */
function markHolders({ upper, notes }: Draft): void {
  const layer = new FolderTree(upper, { isFixed: true });
  for (const path of notes.whiteoutHolders) {
    const directory = layer.lookup(path);
    if (directory?.stat.type === 'dir' && holdsWhiteout(directory.hostPath)) {
      markWhiteoutHolder(directory.hostPath);
    } else {
      notes.dropWhiteoutHolder(path);
    }
  }
}

function holdsWhiteout(folder: string): boolean {
  for (const name of readdirTyped(folder).characterDevices) {
    const stat = lstat(join(folder, name));
    if (stat && isWhiteout(stat)) return true;
  }
  return false;
}

function spellOutOpaque({ base, upper, notes }: Draft): void {
  const layer = new FolderTree(upper, { isFixed: true });
  for (const path of notes.opaque) {
    const folder = layer.lookup(path)!.hostPath;
    const gone = (base?.list(path) ?? []).filter((name) => !lstat(join(folder, name)));
    if (gone.length === 0) continue;
    keepingTimes(folder, () => {
      for (const name of gone) mknod(join(folder, name), 'char', 0, 0, 0);
    });
    notes.addWhiteoutHolder(path);
  }
}

/** Drops identical entries; returns the paths that are not identical but that a diff passes over. */
function dropUnchanged({ base, upper, notes }: Draft): ReadonlySet<string> {
  const passedOver = new Set<string>();
  // Entries that are removed here are not asked for again.
  const layer = new FolderTree(upper, { isFixed: true });
  // Deepest first: a directory can go only after its content went.
  for (const path of [...notes.overlaps].sort(compareBytes).reverse()) {
    const before = base?.lookup(path);
    const now = before && layer.lookup(path);
    if (!before || !now || isWhiteout(now.stat)) continue;
    const { stat, hostPath } = now;
    const filled = stat.type === 'dir' && readdirTyped(hostPath).names.length > 0;
    // A name that a further one was linked to stays, or the layer's tree would have two files for one.
    const isLinked = stat.type !== 'dir' && notes.isLinked(stat);
    if (!filled && !isLinked && isIdentical(now, before)) {
      keepingTimes(layer.lookup(parentOf(path))!.hostPath, () => {
        if (stat.type === 'dir') fs.rmdirSync(fsPath(hostPath));
        else fs.unlinkSync(fsPath(hostPath));
      });
    } else if (isSameForDiff(now, before)) {
      // A directory that holds changes stays whatever it says of itself; it matters only once they are passed over too.
      if (stat.type !== 'dir' || !filled || hasOnly(hostPath, path, passedOver)) passedOver.add(path);
    }
  }
  return passedOver;
}

function hasOnly(folder: string, path: string, passedOver: ReadonlySet<string>): boolean {
  return readdirTyped(folder).names.every((name) => passedOver.has(join(path, name)));
}

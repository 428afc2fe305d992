/**
 * Puts a written draft into normal form, once, at commit (`docs/layers.md`):
 *
 * 1. *Explicit*: a directory that hides the base's is spelled out as whiteouts of what the base has in it (S B.5.3).
 * 2. *Minimal*: what turned out as it was before is dropped, and directories left without a change.
 * 3. *Movable*: a diff passes over more than what is truly equal (S B.5.1), and that is observable: the tree itself shows
 *    a file that only got another xattr, a diff does not have it. Where that is so, a second folder holds the layer as a
 *    diff sees it, its files linked; it is used wherever the layer lies on another base, and for the packed blob.
 */
import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { keepingTimes, lstat, readdirTyped } from '../host/files.ts';
import { mknod, setXattr } from '../host/syscalls.ts';
import { compareBytes, fsPath, join, parentOf } from '../tree/bytes.ts';
import type { Entry } from '../tree/entry.ts';
import { copyEntry, copyMetadata, linkEntry } from './copy-entry.ts';
import type { LayerDraft } from './layer-draft.ts';
import { isIdentical, isSameForDiff } from './sameness.ts';
import { isWhiteout, ORIGIN_XATTRS } from './whiteout.ts';

/**
 * Normalises the draft's folder in place.
 * @param movable where the second folder goes if one is needed; does not exist yet
 * @returns whether it was needed
 */
export function normalise(draft: LayerDraft, movable: string): boolean {
  spellOutOpaque(draft);
  const passedOver = dropUnchanged(draft);
  for (const path of draft.whiteoutHolders) markWhiteoutHolder(hostOf(draft.upper, path));
  if (passedOver.size === 0) return false;
  buildMovable(draft, movable, passedOver);
  return true;
}

function hostOf(root: string, path: string): string {
  return path === '/' ? root : root + path;
}

function spellOutOpaque({ opaque, base, upper, whiteoutHolders }: LayerDraft): void {
  for (const path of opaque) {
    const folder = hostOf(upper, path);
    const gone = (base?.list(path) ?? []).filter((name) => !lstat(join(folder, name)));
    if (gone.length === 0) continue;
    keepingTimes(folder, () => {
      for (const name of gone) mknod(join(folder, name), 'char', 0, 0, 0);
    });
    whiteoutHolders.add(path);
  }
}

/** Drops identical entries; returns the paths that are not identical but that a diff passes over. */
function dropUnchanged({ overlaps, base, upper }: LayerDraft): ReadonlySet<string> {
  const passedOver = new Set<string>();
  // Deepest first: a directory can go only after its content went.
  for (const path of [...overlaps].sort(compareBytes).reverse()) {
    const before = base?.lookup(path);
    const hostPath = hostOf(upper, path);
    const stat = lstat(hostPath);
    if (!before || !stat || isWhiteout(stat)) continue;
    const now: Entry = { stat, hostPath, source: upper };
    const filled = stat.type === 'dir' && readdirTyped(hostPath).names.length > 0;
    if (!filled && isIdentical(now, before)) {
      keepingTimes(hostOf(upper, parentOf(path)), () => {
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

function buildMovable(
  { upper, whiteoutHolders }: LayerDraft,
  movable: string,
  passedOver: ReadonlySet<string>,
) {
  const root: Entry = { stat: lstat(upper)!, hostPath: upper, source: upper };
  copyEntry(root, movable);
  fillMovable(upper, movable, '/');
  copyMetadata(root, movable);

  function fillMovable(from: string, to: string, path: string): void {
    for (const name of readdirTyped(from).names) {
      const child = join(path, name);
      if (passedOver.has(child)) continue;
      const hostPath = `${from}/${name}`;
      const entry: Entry = { stat: lstat(hostPath)!, hostPath, source: upper };
      const target = `${to}/${name}`;
      if (entry.stat.type !== 'dir') {
        linkEntry(entry, target);
        continue;
      }
      copyEntry(entry, target);
      fillMovable(hostPath, target, child);
      copyMetadata(entry, target);
      if (whiteoutHolders.has(child)) markWhiteoutHolder(target);
    }
  }
}

/** Overlayfs then hides the names of whiteouts even where the directory merges with nothing. */
export function markWhiteoutHolder(folder: string): void {
  for (const name of ORIGIN_XATTRS) {
    try {
      setXattr(folder, name, new Uint8Array());
      return;
    } catch (error) {
      // An ordinary user may not set trusted xattrs; in a user namespace overlayfs reads the user ones.
      const code = errnoOf(error);
      if (code !== 'EPERM' && code !== 'EOPNOTSUPP') throw error;
    }
  }
}

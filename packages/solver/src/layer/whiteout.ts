import { errnoOf } from '../error/error.ts';
import { isInUserNamespace } from '../host/in-user-namespace.ts';
import { getXattr, removeXattr, setXattr } from '../host/syscalls.ts';
import type { EntryStat } from '../name/entry.ts';

/**
 * How a layer folder says "this name is gone": a character device 0:0, as overlayfs does.
 *
 * Nothing else marks anything in a committed layer: an opaque directory has been spelled out as whiteouts by then. A
 * process that mounts the layer alone must not see the marks, so the kernel wants a second lower folder and an `origin`
 * xattr on each directory that holds one (`docs/layers.md`).
 */
export function isWhiteout(stat: EntryStat): boolean {
  return stat.type === 'char' && stat.major === 0 && stat.minor === 0;
}

/** On a directory, hides the names of its whiteouts; the value is empty. */
const ORIGIN_XATTRS = ['trusted.overlay.origin', 'user.overlay.origin'] as const;

/**
 * Marks that overlayfs keeps on directories and files; they are its own business and never part of a tree. Those of users
 * are marks only in a user namespace: elsewhere the kernel does not read them, and they are attributes like any others.
 */
export function isOverlayXattr(name: string, userxattr = isInUserNamespace()): boolean {
  return name.startsWith('trusted.overlay.') || (userxattr && name.startsWith('user.overlay.'));
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
      if (code !== 'EPERM' && code !== 'ENOTSUP') throw error;
    }
  }
}

/** An attribute of users that BuildKit's differ takes for a mark of an opaque directory, though the kernel does not. */
const USER_OPAQUE = 'user.overlay.opaque';

/** True if a directory has such an attribute that is none of overlayfs' own. */
export function hasUserOpaque(folder: string): boolean {
  return !isInUserNamespace() && getXattr(folder, USER_OPAQUE) !== undefined;
}

/** True if the differ takes a directory for opaque because of it. */
export function isUserOpaque(folder: string): boolean {
  return !isInUserNamespace() && getXattr(folder, USER_OPAQUE)?.toString('latin1') === 'y';
}

/** A directory that moves loses it (`snapshot/diffapply_linux.go`). */
export function removeUserOpaque(folder: string): void {
  removeXattr(folder, USER_OPAQUE);
}

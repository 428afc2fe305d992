import fs from 'node:fs';
import { environmentFailure, errnoOf } from '../error/error.ts';
import { fsPath } from '../name/bytes.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import {
  attachFilesystem,
  changeDirectory,
  configureFilesystem,
  MS,
  mount,
  mountFlagsOf,
  openFilesystem,
  unmount as unmountOnce,
} from './kernel.ts';
import { O_PATH } from './mkdirat.ts';

/** The folders of an overlay, as absolute byte strings. */
export interface OverlayMount {
  /** Lowest → highest; at least one. */
  readonly lowers: readonly string[];
  /** The folder for changes; absent: the mount is read-only. */
  readonly upper?: string;
  /** An empty folder on the filesystem of `upper`, used once: a volatile overlay leaves a mark that refuses a second mount. */
  readonly work?: string;
  /** A folder to mount on. */
  readonly target: string;
}

/** The kernel's cap on lower folders of one overlay. */
export const MOST_LOWERS = 500;

/**
 * Every overlay says how it wants to be, since the defaults are a matter of the kernel's configuration. No index, no
 * redirects and no metadata-only copies: layers must mean the same anywhere (`docs/layers.md`). With `userxattr` the kernel
 * does neither of the latter two, and refuses options for them.
 */
function optionsFor(userxattr: boolean): readonly (readonly [key: string, value: string])[] {
  const always = [
    ['index', 'off'],
    ['xino', 'off'],
  ] as const;
  return userxattr ? always : [...always, ['redirect_dir', 'off'], ['metacopy', 'off']];
}

/**
 * Mounts an overlay. The upper is `volatile`: unmounting does not flush the host's filesystem (400 ms against 5 ms), so
 * callers that promise durability must sync their files.
 *
 * @param userxattr marks are kept in `user.overlay.*`: needed inside a user namespace. Default: whether we are in one.
 */
export function mountOverlay(overlay: OverlayMount, userxattr = isInUserNamespace()): void {
  if (overlay.lowers.length > MOST_LOWERS) {
    throw new Error(`Internal error: an overlay of ${overlay.lowers.length} lower folders`);
  }
  try {
    mountInSteps(overlay, userxattr);
  } catch (error) {
    // ENOSYS: no mount API. EINVAL: no `lowerdir+` (before Linux 6.7), or something that the older call explains as well.
    if (errnoOf(error) !== 'ENOSYS' && errnoOf(error) !== 'EINVAL') throw error;
    mountAtOnce(overlay, userxattr);
  }
}

/** fsopen → fsconfig for each folder → fsmount → move_mount. */
function mountInSteps({ lowers, upper, work, target }: OverlayMount, userxattr: boolean): void {
  const files = new OpenFolders();
  let filesystem: number | undefined;
  try {
    filesystem = openFilesystem('overlay');
    configureFilesystem(filesystem, 'source', 'overlay');
    for (const lower of lowers.toReversed()) {
      configureFilesystem(filesystem, 'lowerdir+', files.shortName(lower));
    }
    for (const [key, value] of optionsFor(userxattr)) setIfKnown(filesystem, key, value);
    if (userxattr) configureFilesystem(filesystem, 'userxattr');
    if (upper !== undefined && work !== undefined) {
      configureFilesystem(filesystem, 'upperdir', files.shortName(upper));
      configureFilesystem(filesystem, 'workdir', files.shortName(work));
      setIfKnown(filesystem, 'volatile');
    }
    attachFilesystem(filesystem, target);
  } finally {
    if (filesystem !== undefined) fs.closeSync(filesystem);
    files.close();
  }
}

/**
 * The one call of older kernels. All its options must fit into a page, so folders are named by the number of an open
 * file, relative to this process's table of them: 500 names are 2,000 characters.
 */
export function mountAtOnce({ lowers, upper, work, target }: OverlayMount, userxattr: boolean): void {
  const files = new OpenFolders();
  const here = files.open('.');
  try {
    const options = [
      `lowerdir=${lowers
        .toReversed()
        .map((lower) => files.open(lower))
        .join(':')}`,
    ];
    if (upper !== undefined && work !== undefined) {
      options.push(`upperdir=${files.open(upper)}`, `workdir=${files.open(work)}`, 'volatile');
    }
    for (const [key, value] of optionsFor(userxattr)) options.push(`${key}=${value}`);
    if (userxattr) options.push('userxattr');
    const place = `/proc/self/fd/${files.open(target)}`;
    changeDirectory('/proc/self/fd');
    mount('overlay', place, 'overlay', 0, options.join(','));
  } finally {
    changeDirectory(`/proc/self/fd/${here}`);
    files.close();
  }
}

/** Folders held open for as long as a mount needs names for them. */
class OpenFolders {
  readonly #files: number[] = [];

  open(folder: string): number {
    const file = fs.openSync(fsPath(folder), O_PATH | fs.constants.O_DIRECTORY);
    this.#files.push(file);
    return file;
  }

  /** A name that the kernel takes as it is: at most 255 bytes, nothing in it that is unescaped. */
  shortName(folder: string): string {
    const plain = folder.length <= 255 && !/[\\,:]/.test(folder);
    return plain ? folder : `/proc/self/fd/${this.open(folder)}`;
  }

  close(): void {
    for (const file of this.#files) fs.closeSync(file);
  }
}

/** Sets an option that older kernels lack; without it they behave as if it were set. */
function setIfKnown(filesystem: number, key: string, value?: string): void {
  try {
    configureFilesystem(filesystem, key, value);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
  }
}

export interface BindOptions {
  /** Default: false. */
  readonly readonly?: boolean;
  /** Default: false. */
  readonly noexec?: boolean;
}

/** Shows `source` (a folder with all that is mounted below it, or a file) at `target` as well. */
export function bindMount(source: string, target: string, { readonly, noexec }: BindOptions = {}): void {
  mount(source, target, 'none', MS.bind | MS.recursive);
  if (!readonly && !noexec) return;
  remount(target, (readonly ? MS.readonly : 0) | (noexec ? MS.noexec : 0));
}

/** Gives a bound mount these flags; in a user namespace, also those that it may not lose. */
export function remount(target: string, flags: number): void {
  try {
    mount('none', target, 'none', MS.bind | MS.remount | flags);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    mount('none', target, 'none', MS.bind | MS.remount | flags | mountFlagsOf(target));
  }
}

/** A filesystem in memory; `mode` of its root. */
export function mountMemory(target: string, mode: number): void {
  mount('tmpfs', target, 'tmpfs', MS.nosuid | MS.nodev, `mode=${mode.toString(8)}`);
}

/** Takes the topmost mount off `target`, lazily if it is still in use; no error if nothing is mounted there. */
export function unmount(target: string): void {
  try {
    unmountOnce(target);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EBUSY') unmountOnce(target, true);
    else if (code !== 'EINVAL' && code !== 'ENOENT') throw error;
  }
}

/** True if this process's user namespace knows a group; without a range of ids it knows a single one. */
export function hasGroupId(gid: number): boolean {
  const ranges = fs.readFileSync('/proc/self/gid_map', 'utf8').trim().split('\n');
  return ranges.some((range) => {
    const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number);
    return gid >= first && gid < first + count;
  });
}

/** The failure for a user whose machine refuses a mount. */
export function mountFailure(what: string, error: unknown) {
  const code = errnoOf(error) ?? String(error);
  const denied = code === 'EPERM' || code === 'EACCES';
  return environmentFailure(`cannot mount ${what}: ${denied ? 'operation not permitted' : code}`, {
    cause: error,
    hint: denied
      ? 'run as root, or as a user with ranges in /etc/subuid and /etc/subgid; or solve without mounts: --snapshotter native'
      : 'choose --snapshotter native, which needs no overlayfs, or another --state-dir (overlayfs cannot lie on every filesystem)',
  });
}

import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { lstat, undoUmask } from '../host/files.ts';
import { resolveInRoot } from '../host/root-path.ts';
import { bytesOf, fsPath, parentOf } from '../tree/bytes.ts';
import type { StepMount } from './executor.ts';

/**
 * Makes the mount points that are missing and would outlast the run: in the root, and in folders that are bound into it.
 * Runtimes make them too, but not alike; runc, and so BuildKit, makes folders and files 0755. What lies in filesystems that
 * the run brings along is left to the runtime.
 *
 * @param kernel where the kernel's own filesystems go
 * @param mounts in the order in which they are mounted
 * @returns the mounts; a tmpfs has the mode of the folder that it hides, as runc gives it
 */
export function makeMountPoints(
  root: string,
  kernel: readonly string[],
  mounts: readonly StepMount[],
): readonly StepMount[] {
  const below = new Map<string, string | undefined>(kernel.map((dest) => [dest, undefined]));
  for (const dest of kernel) makeIfPossible(resolveInRoot(root, dest), 'dir');
  return mounts.map((mount) => {
    const source = mount.type === 'bind' ? mount.source : undefined;
    const dest = bytesOf(mount.dest);
    const place = placeOf(root, below, dest);
    below.set(dest, source);
    const hidden = place === undefined ? undefined : lstat(place);
    if (place !== undefined) makeIfPossible(place, source === undefined || isFolder(source) ? 'dir' : 'file');
    if (mount.type !== 'tmpfs' || mount.mode !== undefined) return mount;
    return { ...mount, mode: hidden?.type === 'dir' ? hidden.mode : 0o1777 };
  });
}

function makeIfPossible(place: string, kind: 'dir' | 'file'): void {
  try {
    makePlace(place, kind);
  } catch (error) {
    // Below a file, say: the runtime will refuse it in its own words.
    if (errnoOf(error) === undefined || errnoOf(error) === 'ENOSPC') throw error;
  }
}

const MOST_DETOURS = 10;

/** Where a destination lies on this machine; undefined inside a filesystem that is not there yet. */
function placeOf(
  root: string,
  below: ReadonlyMap<string, string | undefined>,
  dest: string,
): string | undefined {
  let path = dest;
  for (let detours = 0; detours < MOST_DETOURS; detours++) {
    let holder = path;
    while (holder !== '/' && !below.has(holder)) holder = parentOf(holder);
    const folder = holder === '/' ? root : below.get(holder);
    if (folder === undefined) return undefined;
    const inside = holder === '/' ? path : path.slice(holder.length);
    const place = inside === '' ? folder : resolveInRoot(folder, inside);
    if (place === folder + inside || inside === '' || inside === '/') return place;
    // A link of a bound folder starts from the root, which is elsewhere.
    if (holder !== '/') return undefined;
    path = place.slice(root.length) || '/';
  }
  return undefined;
}

/** Makes a folder or empty file with the folders above it; what is there stays. */
export function makePlace(place: string, kind: 'dir' | 'file'): void {
  if (lstat(place)) return;
  makePlace(parentOf(place), 'dir');
  if (kind === 'dir') fs.mkdirSync(fsPath(place), 0o755);
  else fs.writeFileSync(fsPath(place), '', { mode: 0o755, flag: 'wx' });
  undoUmask(place, 0o755);
}

function isFolder(path: string): boolean {
  return fs.statSync(fsPath(path)).isDirectory();
}

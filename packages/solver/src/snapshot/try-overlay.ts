import fs from 'node:fs';
import { errnoOf } from '../error.ts';
import { lstat, removeTree } from '../host/files.ts';
import { mountOverlay, unmount } from '../host/mount.ts';
import type { SnapshotPlaces } from './snapshotter.ts';

/**
 * Whether overlayfs works in these places, by mounting one and writing a whiteout through it.
 * @returns what is wrong, as the end of a sentence; undefined when nothing is
 */
export function problemWithOverlay({ mounts, work }: SnapshotPlaces): string | undefined {
  const folder = fs.mkdtempSync(`${work}/try-`);
  const target = fs.mkdtempSync(`${mounts}/try-`);
  try {
    for (const name of ['lower', 'upper', 'work']) fs.mkdirSync(`${folder}/${name}`);
    fs.writeFileSync(`${folder}/lower/x`, '');
    mountOverlay({ lowers: [`${folder}/lower`], upper: `${folder}/upper`, work: `${folder}/work`, target });
    try {
      fs.unlinkSync(`${target}/x`);
    } finally {
      unmount(target);
    }
    return lstat(`${folder}/upper/x`)?.type === 'char'
      ? undefined
      : 'overlayfs does not write whiteouts here';
  } catch (error) {
    return reason(error);
  } finally {
    fs.rmdirSync(target);
    removeTree(folder);
  }
}

function reason(error: unknown): string {
  switch (errnoOf(error)) {
    case 'ENODEV':
      return 'the kernel has no overlayfs';
    case 'EPERM':
    case 'EACCES':
      return 'mounting an overlay is not permitted';
    case 'EINVAL':
      return 'overlayfs cannot use the filesystem of the state directory';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

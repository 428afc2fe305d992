import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { lstat } from './files.ts';
import { mountOverlay, type OverlayMount, unmount } from './mount.ts';

/** Why overlayfs cannot be used for folders in `folder`, as the end of a sentence; undefined when it can. */
export function problemWithOverlay(folder: string, target: string): string | undefined {
  try {
    for (const name of ['lower', 'upper', 'work']) fs.mkdirSync(`${folder}/${name}`, { recursive: true });
    fs.writeFileSync(`${folder}/lower/x`, '');
    const layers = { lowers: [`${folder}/lower`], upper: `${folder}/upper`, work: `${folder}/work`, target };
    whileMounted(layers, () => fs.unlinkSync(`${target}/x`));
    return lstat(`${folder}/upper/x`)?.type === 'char' ? undefined : 'it does not write whiteouts here';
  } catch (error) {
    switch (errnoOf(error)) {
      case 'ENODEV':
        return 'the kernel does not have it';
      case 'EPERM':
      case 'EACCES':
        return 'mounting it is not permitted';
      case 'EINVAL':
        return 'it cannot use the filesystem of the state directory';
      default:
        return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Does something while an overlay is mounted. */
export function whileMounted(overlay: OverlayMount, act: () => void): void {
  mountOverlay(overlay);
  try {
    act();
  } finally {
    unmount(overlay.target);
  }
}

import fs from 'node:fs';
import { undoUmask } from '../host/files.ts';
import { MS, mount, unmount } from '../host/kernel.ts';
import { isInUserNamespace } from '../host/mount.ts';
import { mknod } from '../host/syscalls.ts';
import { fsPath } from '../tree/bytes.ts';
import { DEFAULT_DEVICES, DEVICE_LINKS, type DeviceNode } from './defaults.ts';

/**
 * Fills the empty folder `folder` with a `/dev` in memory, to be bound into a root: runtimes differ in what they put there.
 * @returns what takes it away again
 */
export function mountDev(folder: string, further: readonly DeviceNode[]): () => void {
  mount('tmpfs', folder, 'tmpfs', MS.nosuid | MS.strictatime, 'mode=755,size=65536k');
  for (const device of [...DEFAULT_DEVICES, ...further]) makeDevice(folder, device);
  for (const [link, target] of DEVICE_LINKS) fs.symlinkSync(target, fsPath(folder + inDev(link)));
  if (fs.existsSync('/proc/kcore')) fs.symlinkSync('/proc/kcore', fsPath(`${folder}/core`));
  for (const name of ['pts', 'shm', 'mqueue']) {
    fs.mkdirSync(fsPath(`${folder}/${name}`), 0o755);
    undoUmask(`${folder}/${name}`, 0o755);
  }
  return () => unmount(folder, true);
}

function makeDevice(folder: string, { path, type, major, minor }: DeviceNode): void {
  const place = folder + inDev(path);
  fs.mkdirSync(fsPath(place.slice(0, place.lastIndexOf('/'))), { recursive: true, mode: 0o755 });
  if (isInUserNamespace()) {
    // Nodes made in a user namespace cannot be opened; the host's own can be shown.
    fs.writeFileSync(fsPath(place), '');
    mount(path, place, 'none', MS.bind);
    return;
  }
  mknod(place, type === 'c' ? 'char' : 'block', 0o666, major, minor);
  fs.chmodSync(fsPath(place), 0o666);
}

function inDev(path: string): string {
  return path.slice('/dev'.length);
}

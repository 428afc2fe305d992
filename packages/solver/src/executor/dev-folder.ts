import fs from 'node:fs';
import { undoUmask } from '../host/files.ts';
import { MS, mount, unmount } from '../host/kernel.ts';
import { mknod } from '../host/syscalls.ts';
import { fsPath, parentOf } from '../tree/bytes.ts';
import { DEFAULT_DEVICES, DEVICE_LINKS, type DeviceNode } from './defaults.ts';

/**
 * Fills the empty folder `folder` with a `/dev` in memory, to be bound into a root: runtimes differ in what they put there.
 *
 * @param kind `nodes`: nodes of its own, for whoever has the kernel's device control guard them. `bound`: the host's nodes,
 *   and no other device can be opened in it, whatever a process makes there.
 * @returns what takes it away again
 */
export function mountDev(
  folder: string,
  kind: 'nodes' | 'bound',
  further: readonly DeviceNode[] = [],
): () => void {
  const nodev = kind === 'bound' ? MS.nodev : 0;
  mount('tmpfs', folder, 'tmpfs', MS.nosuid | MS.strictatime | nodev, 'mode=755,size=65536k');
  for (const device of [...DEFAULT_DEVICES, ...further]) {
    const place = folder + inDev(device.path);
    fs.mkdirSync(fsPath(parentOf(place)), { recursive: true, mode: 0o755 });
    if (kind === 'bound') bindDevice(device, place);
    else makeDevice(device, place);
  }
  for (const [link, target] of DEVICE_LINKS) fs.symlinkSync(target, fsPath(folder + inDev(link)));
  if (fs.existsSync('/proc/kcore')) fs.symlinkSync('/proc/kcore', fsPath(`${folder}/core`));
  for (const name of ['pts', 'shm', 'mqueue']) {
    fs.mkdirSync(fsPath(`${folder}/${name}`), 0o755);
    undoUmask(`${folder}/${name}`, 0o755);
  }
  return () => unmount(folder, true);
}

function makeDevice({ type, major, minor }: DeviceNode, place: string): void {
  mknod(place, type === 'c' ? 'char' : 'block', 0o666, major, minor);
  fs.chmodSync(fsPath(place), 0o666);
}

function bindDevice({ path }: DeviceNode, place: string): void {
  fs.writeFileSync(fsPath(place), '');
  mount(path, place, 'none', MS.bind);
}

function inDev(path: string): string {
  return path.slice('/dev'.length);
}

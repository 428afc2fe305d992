import fs from 'node:fs';
import { removeTree, undoUmask } from '../host/files.ts';
import { MS, mount, unmount } from '../host/kernel.ts';
import { mknod } from '../host/syscalls.ts';
import { fsPath, parentOf } from '../tree/bytes.ts';
import { DEFAULT_DEVICES, DEVICE_LINKS, type DeviceNode } from './defaults.ts';

/** A `/dev` to be bound into a root: runtimes differ in what they put there. */
export interface DevFolder {
  readonly path: string;
  remove(): void;
}

export interface DevContent {
  /** Nodes beyond the usual ones. */
  readonly further: readonly DeviceNode[];
  /** Whether a terminal is to be shown as the console. */
  readonly hasConsole: boolean;
}

const IN_MEMORY = 'mode=755,size=65536k';

/**
 * Makes `/dev` folders with nodes of their own, for whoever has the kernel's device control guard them. They share one
 * filesystem: mounting and unmounting one for each step takes longer than making all that is in it.
 */
export class DevNursery {
  readonly #folder: string;

  /** @param folder an empty folder */
  constructor(folder: string) {
    this.#folder = folder;
    mount('tmpfs', folder, 'tmpfs', MS.nosuid | MS.strictatime, IN_MEMORY);
  }

  make(name: string, { further, hasConsole }: DevContent): DevFolder {
    const path = `${this.#folder}/${name}`;
    fs.mkdirSync(fsPath(path));
    undoUmask(path, 0o755);
    fill(path, { further, hasConsole }, makeDevice);
    return { path, remove: () => void removeTree(path) };
  }

  close(): void {
    unmount(this.#folder, true);
  }
}

/** A `/dev` with the host's nodes in the empty folder `path`. No other device can be opened in it, whatever a process makes. */
export function bindDev(path: string, hasConsole: boolean): DevFolder {
  mount('tmpfs', path, 'tmpfs', MS.nosuid | MS.strictatime | MS.nodev, IN_MEMORY);
  fill(path, { further: [], hasConsole }, bindDevice);
  return { path, remove: () => unmount(path, true) };
}

function fill(
  folder: string,
  { further, hasConsole }: DevContent,
  make: (device: DeviceNode, place: string) => void,
): void {
  for (const name of ['pts', 'shm', 'mqueue']) {
    fs.mkdirSync(fsPath(`${folder}/${name}`), 0o755);
    undoUmask(`${folder}/${name}`, 0o755);
  }
  for (const device of [...DEFAULT_DEVICES, ...further]) {
    const place = folder + inDev(device.path);
    if (parentOf(place) !== folder) fs.mkdirSync(fsPath(parentOf(place)), { recursive: true, mode: 0o755 });
    make(device, place);
  }
  if (hasConsole) fs.writeFileSync(fsPath(`${folder}/console`), '');
  for (const [link, target] of DEVICE_LINKS) fs.symlinkSync(target, fsPath(folder + inDev(link)));
  if (fs.existsSync('/proc/kcore')) fs.symlinkSync('/proc/kcore', fsPath(`${folder}/core`));
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

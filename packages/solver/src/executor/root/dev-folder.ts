import fs from 'node:fs';
import { lstat, readdir, removeTree } from '../../host/files.ts';
import { MS, mount, unmount, withUmask } from '../../host/kernel.ts';
import { bindMount } from '../../host/mount.ts';
import { mknod } from '../../host/syscalls.ts';
import { fsPath, parentOf } from '../../name/bytes.ts';
import { DEFAULT_DEVICES, DEVICE_LINKS, type DeviceNode } from '../step/defaults.ts';

/** A `/dev` to be bound into a root: runtimes differ in what they put there. */
export interface DevFolder {
  readonly path: string;
  /** Ends the use. */
  release(): void;
}

export interface DevContent {
  /** Nodes beyond the usual ones. */
  readonly further: readonly DeviceNode[];
  /** True if a terminal is shown as the console. */
  readonly hasConsole: boolean;
}

const PLAIN: DevContent = { further: [], hasConsole: false };
const IN_MEMORY = 'mode=755,size=65536k';

/**
 * `/dev` folders for steps. A folder that a step left unchanged is used again: checking it takes less time than making one.
 *
 * - `nodes`: with nodes of their own, for runtimes that guard devices by the kernel's control. They share one filesystem.
 * - `host`: with the host's nodes, which a step can use but not change. No other device can be opened in it, whatever a
 *   process makes. Nothing but the usual nodes.
 */
export class DevFolders {
  readonly #folder: string;
  readonly #kind: 'nodes' | 'host';
  /** Free plain ones by their path, and how they looked when they were made. */
  readonly #spare = new Map<string, string>();
  #serial = 0;

  /** @param folder an empty folder */
  constructor(folder: string, kind: 'nodes' | 'host') {
    this.#folder = folder;
    this.#kind = kind;
    if (kind === 'nodes') mount('tmpfs', folder, 'tmpfs', MS.nosuid | MS.strictatime, IN_MEMORY);
  }

  take(content: DevContent = PLAIN): DevFolder {
    if (content.further.length > 0 || content.hasConsole) {
      const path = this.#make(content);
      return { path, release: () => this.#remove(path) };
    }
    const [path, looks] = this.#takeSpare() ?? this.#makePlain();
    return {
      path,
      release: () => {
        if (looksOf(path) === looks) this.#spare.set(path, looks);
        else this.#remove(path);
      },
    };
  }

  close(): void {
    if (this.#kind === 'nodes') unmount(this.#folder, true);
    else for (const path of this.#spare.keys()) this.#remove(path);
  }

  #takeSpare(): readonly [path: string, looks: string] | undefined {
    const [spare] = this.#spare;
    if (spare) this.#spare.delete(spare[0]);
    return spare;
  }

  #makePlain(): readonly [path: string, looks: string] {
    const path = this.#make(PLAIN);
    return [path, looksOf(path)];
  }

  #make(content: DevContent): string {
    const path = `${this.#folder}/${this.#serial++}`;
    withUmask(0, () => {
      fs.mkdirSync(fsPath(path), 0o755);
      if (this.#kind === 'host') {
        mount('tmpfs', path, 'tmpfs', MS.nosuid | MS.strictatime | MS.nodev, IN_MEMORY);
      }
      fill(path, content, this.#kind === 'nodes' ? makeDevice : bindDevice);
    });
    return path;
  }

  #remove(path: string): void {
    if (this.#kind === 'host') unmount(path, true);
    removeTree(path);
  }
}

/** All of a folder that a process could have changed. */
function looksOf(folder: string): string {
  const entries = ['', ...readdir(folder).map((name) => `/${name}`)];
  return entries
    .map((name) => {
      const { type, mode, uid, gid, size, major, minor, ctimeNs } = lstat(folder + name)!;
      return [name, type, mode, uid, gid, size, major, minor, ctimeNs].join(' ');
    })
    .join('\n');
}

function fill(
  folder: string,
  { further, hasConsole }: DevContent,
  make: (device: DeviceNode, place: string) => void,
): void {
  for (const name of ['pts', 'shm', 'mqueue']) fs.mkdirSync(fsPath(`${folder}/${name}`), 0o755);
  for (const device of [...DEFAULT_DEVICES, ...further]) {
    const place = folder + inDev(device.path);
    if (parentOf(place) !== folder) fs.mkdirSync(fsPath(parentOf(place)), { recursive: true, mode: 0o755 });
    make(device, place);
  }
  if (hasConsole) fs.writeFileSync(fsPath(`${folder}/console`), '', { mode: 0o644 });
  for (const [link, target] of DEVICE_LINKS) fs.symlinkSync(target, fsPath(folder + inDev(link)));
  if (fs.existsSync('/proc/kcore')) fs.symlinkSync('/proc/kcore', fsPath(`${folder}/core`));
}

function makeDevice({ type, major, minor }: DeviceNode, place: string): void {
  mknod(place, type === 'c' ? 'char' : 'block', 0o666, major, minor);
}

/** A device can be written to through a read-only mount; its owner and mode cannot be changed. */
function bindDevice({ path }: DeviceNode, place: string): void {
  fs.writeFileSync(fsPath(place), '', { mode: 0o644 });
  bindMount(path, place, { readonly: true });
}

function inDev(path: string): string {
  return path.slice('/dev'.length);
}

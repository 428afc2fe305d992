import fs from 'node:fs';
import { errnoOf } from '../../error/error.ts';
import { lstat, undoUmask } from '../../host/files.ts';
import { bindMount, unmount } from '../../host/mount.ts';
import { bytesOf, fsPath, parentOf, textOf } from '../../name/bytes.ts';
import type { MountRestriction, StepMount } from '../step/executor.ts';
import { reasonOf } from '../step/reason.ts';
import { kindOf, mountAt } from '../step/step-mount.ts';
import { MountedTree, type Place } from './mounted-tree.ts';

export interface LaidMounts {
  /** The mounts that the runtime still has to make, in this order. */
  readonly mounts: readonly StepMount[];
  /** Unmounts the ones made here. The run must have ended. */
  release(): void;
}

export interface LayOptions {
  /** The root, a byte string. No other process may change it meanwhile. */
  readonly root: string;
  /**
   * The kernel's own filesystems beside `/dev` that will be mounted; their paths are no links (`rootfs_linux.go` of runc).
   */
  readonly kernel: readonly ('/proc' | '/sys')[];
  /** The working directory; missing parts of it that lie in a mount are made, 0755. */
  readonly cwd: string;
  /** In the order in which they are mounted; a later one with the same destination replaces an earlier one. */
  readonly wanted: readonly StepMount[];
  /** A folder for mounts: made when it is needed, and removed. */
  readonly folder: string;
  /** True if mount points in the root are made here too; runc makes them in the same way. */
  readonly makesInRoot: boolean;
  /** Restrictions of every mount that is made here. */
  readonly restrictions: readonly MountRestriction[];
}

/** A mount that cannot be; no runtime would start the step. The message says why. */
export class ImpossibleMount extends Error {}

/**
 * Makes the mount points that are missing and would outlast the run, in the root and in folders that are bound into it, as
 * runc and so BuildKit makes them: folders and files 0755, where links lead inside. What lies in the kernel's own filesystems is
 * left to the runtime.
 *
 * A mount below another is not left to it: another step may be changing that folder (a shared cache), and runtimes look for a
 * place and use it a moment later. It is mounted here, into a copy of the mount above it that the runtime binds with all that
 * is below it. A tmpfs has the mode of the folder that it hides, as runc gives it.
 *
 * Throws an {@link ImpossibleMount} for a destination that cannot be.
 */
export function layMounts(options: LayOptions): LaidMounts {
  const layer = new MountLayer(options);
  try {
    return { mounts: layer.lay(), release: () => layer.release() };
  } catch (error) {
    layer.release();
    throw error;
  }
}

interface Holder {
  readonly dest: string;
  readonly mount: StepMount;
  /** True if it is mounted here, so that others can be mounted into it. */
  isHere: boolean;
}

class MountLayer {
  readonly #options: LayOptions;
  readonly #tree: MountedTree;
  /** Mounts for the runtime, by destination. */
  readonly #left = new Map<string, StepMount>();
  /** The same, by their resolved paths inside. */
  readonly #holders = new Map<string, Holder>();
  /** Mounts that were made here, lowest first. */
  readonly #here: string[] = [];

  constructor(options: LayOptions) {
    this.#options = options;
    this.#tree = new MountedTree(options.root);
  }

  lay(): readonly StepMount[] {
    const { kernel, wanted, cwd } = this.#options;
    const unique = new Map(wanted.map((mount) => [mount.dest, mount]));
    for (const dest of [...kernel, '/dev']) {
      if (!unique.has(dest)) attempt(dest, () => this.#layKernel(dest));
    }
    for (const mount of unique.values()) attempt(mount.dest, () => this.#lay(mount));
    attempt(cwd, () => this.#makeWorkingDirectory(cwd));
    return [...this.#left.values()];
  }

  release(): void {
    const { folder } = this.#options;
    if (this.#here.length === 0) return;
    for (const place of this.#here.splice(0).reverse()) {
      unmount(place);
      // The content is never removed: if the mount is still there, it is a cache in use.
      if (isFolder(place)) fs.rmdirSync(fsPath(place));
      else fs.unlinkSync(fsPath(place));
    }
    fs.rmdirSync(fsPath(folder));
  }

  #layKernel(dest: string): void {
    const { root } = this.#options;
    const there = lstat(root + dest);
    const isPlain = !there || there.type === 'dir';
    if (!isPlain && dest !== '/dev') throw new ImpossibleMount(`cannot mount at ${dest}: it is no folder`);
    this.#tree.at(dest, (place) => {
      makeIfPossible(place, 'dir');
      // runc makes some links in it by its plain path, which on the machine leads elsewhere.
      if (!isPlain && !isSame(place.stat(), root + dest)) {
        throw new ImpossibleMount(`cannot mount at ${dest}: it leads out of the root`);
      }
      this.#tree.cover(place.path, undefined);
    });
  }

  #makeWorkingDirectory(cwd: string): void {
    for (;;) {
      const above = this.#tree.at(bytesOf(cwd), (place): string | undefined => {
        const holder = this.#holders.get(place.holder);
        if (!holder || place.stat()) return undefined;
        if (!holder.isHere) return place.holder;
        place.make('dir');
        return undefined;
      });
      if (above === undefined) return;
      this.#bring(above);
    }
  }

  #lay(mount: StepMount): void {
    const kind = kindOf(mount);
    for (;;) {
      const above = this.#tree.at(bytesOf(mount.dest), (place): string | undefined => {
        refuse(mount, place);
        const holder = this.#holders.get(place.holder);
        if (holder && !holder.isHere) return place.holder;
        const asWanted = withModeOf(mount, place);
        if (holder) this.#mountHere(asWanted, place.make(kind));
        else this.#leave(mount, asWanted, kind, place);
        return undefined;
      });
      if (above === undefined) return;
      this.#bring(above);
    }
  }

  /** Leaves a mount to the runtime: in the root, or in a filesystem of the kernel's. */
  #leave(mount: StepMount, asWanted: StepMount, kind: 'dir' | 'file', place: Place): void {
    // A way through a folder that others change may lead elsewhere the next time.
    const dest = place.isBelowMount && !place.isHidden ? textOf(place.path) : mount.dest;
    const isMade = this.#options.makesInRoot && !place.isHidden;
    if (isMade) makeIfPossible(place, kind);
    this.#left.set(dest, { ...(isMade ? asWanted : mount), dest });
    this.#tree.cover(place.path, mount.type === 'bind' ? mount.source : undefined);
    this.#holders.set(place.path, { dest, mount: asWanted, isHere: false });
  }

  /** Mounts here what was left to the runtime, which then binds it. */
  #bring(path: string): void {
    const holder = this.#holders.get(path)!;
    const { dest, mount } = holder;
    const { isReadonly } = mount;
    // A tmpfs becomes read-only last, so mount points can be made in it.
    const source = this.#mountAside(mount.type === 'tmpfs' ? { ...mount, isReadonly: false } : mount);
    const restrictions = mount.type === 'tmpfs' ? (['nosuid'] as const) : (mount.restrictions ?? []);
    this.#left.set(dest, { type: 'bind', dest, isReadonly, source, restrictions });
    this.#tree.cover(path, source);
    holder.isHere = true;
  }

  #mountHere(mount: StepMount, target: string): void {
    // A copy has the flags of what it is made of, so the target need not be looked up again to be given some.
    bindMount(this.#mountAside(mount), target);
  }

  #mountAside(mount: StepMount): string {
    const { folder, restrictions } = this.#options;
    if (this.#here.length === 0) fs.mkdirSync(fsPath(folder), 0o711);
    const place = `${folder}/${this.#here.length}`;
    if (kindOf(mount) === 'dir') fs.mkdirSync(fsPath(place));
    else fs.writeFileSync(fsPath(place), '');
    this.#here.push(place);
    mountAt(mount, place, restrictions);
    return place;
  }
}

/** Puts a failed system call as what it means for a destination. */
function attempt(dest: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined || code === 'ENOSPC' || code === 'EDQUOT') throw error;
    throw new ImpossibleMount(`cannot mount at ${dest}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Files in `/proc` that may be mounted over: lxcfs replaces them. */
const REPLACEABLE = ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo'];

function refuse({ type, dest }: StepMount, { path }: Place): void {
  if (path === '/') throw new ImpossibleMount(`cannot mount at ${dest}: it is the root`);
  const [first, ...below] = path.split('/').slice(1);
  if (first !== 'proc' || REPLACEABLE.includes(below.join('/'))) return;
  // A mount point for a tmpfs cannot be made below it.
  if (type === 'tmpfs' && below.length > 0) return;
  throw new ImpossibleMount(`cannot mount at ${dest}: it is inside /proc`);
}

function isSame(stat: fs.Stats | undefined, path: string): boolean {
  const other = fs.statSync(fsPath(path), { throwIfNoEntry: false });
  return stat !== undefined && other?.ino === stat.ino && other.dev === stat.dev;
}

function withModeOf(mount: StepMount, place: Place): StepMount {
  if (mount.type !== 'tmpfs' || mount.mode !== undefined) return mount;
  const hidden = place.stat();
  return { ...mount, mode: hidden?.isDirectory() ? hidden.mode & 0o7777 : 0o1777 };
}

function makeIfPossible(place: Place, kind: 'dir' | 'file'): void {
  try {
    place.make(kind);
  } catch (error) {
    // Below a file, say: the runtime will refuse it in its own words.
    const code = errnoOf(error);
    if (code === undefined || code === 'ENOSPC' || code === 'EDQUOT') throw error;
  }
}

function isFolder(place: string): boolean {
  return lstat(place)?.type === 'dir';
}

/** Makes a folder or empty file (0755) with the folders above it; what is there stays. Nobody else may be changing the tree. */
export function makePlace(place: string, kind: 'dir' | 'file'): void {
  if (lstat(place)) return;
  makePlace(parentOf(place), 'dir');
  if (kind === 'dir') fs.mkdirSync(fsPath(place), 0o755);
  else fs.writeFileSync(fsPath(place), '', { mode: 0o755, flag: 'wx' });
  undoUmask(place, 0o755);
}

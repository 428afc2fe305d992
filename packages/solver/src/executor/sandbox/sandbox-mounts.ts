import fs from 'node:fs';
import { bringLoopbackUp, MS, mount, pivotRoot, setHostname } from '../../host/kernel.ts';
import { remount } from '../../host/mount.ts';
import { resolveInRoot } from '../../host/root-path.ts';
import { bytesOf, fsPath } from '../../name/bytes.ts';
import { makePlace } from '../root/mount-points.ts';
import type { PreparedStep } from '../root/prepared-step.ts';
import { DEFAULT_HOSTNAME, type KernelMount, maskedPaths, READONLY_PATHS } from '../step/defaults.ts';
import { kindOf, mountAt } from '../step/step-mount.ts';

export interface SystemDirectories {
  /** The path at which the root is mounted. */
  readonly root: string;
  /** The folder that becomes `/dev`. */
  readonly dev: string;
  readonly isRootless: boolean;
  /** The kernel's filesystems; their options cannot be read inside the namespaces. */
  readonly kernel: readonly KernelMount[];
}

/**
 * Mounts everything in the root of a step at a runtime's places, then makes the root `/` of the mount namespace and removes
 * the old one from it. Runs inside the step's namespaces; `/proc` is mounted already.
 */
export function mountSystemDirectories(
  { step, mounts }: PreparedStep,
  { root, dev, isRootless, kernel }: SystemDirectories,
): void {
  const isInsecure = step.security === 'insecure';
  setHostname(step.hostname || DEFAULT_HOSTNAME);
  if (step.network === 'none' && !isRootless) bringLoopbackUp();

  const own = new Map(mounts.map((mounted) => [mounted.dest, mounted]));
  for (const one of kernel) {
    if (own.has(one.dest) || one.dest === '/proc') continue;
    if (isRootless && one.dest.startsWith('/sys')) continue;
    const target = placeFor(root, one.dest, 'dir');
    if (one.dest === '/dev') mount(dev, target, 'none', MS.bind | MS.recursive);
    else mountKernel(one, target, isInsecure);
  }
  if (!isInsecure) mask(root);
  // No other guard keeps a step from devices of the machine.
  const nodev = isInsecure ? 0 : MS.nodev;
  for (const mounted of own.values()) {
    mountAt(mounted, placeFor(root, mounted.dest, kindOf(mounted)), isInsecure ? [] : ['nodev']);
  }
  remount(root, nodev | (step.isRootReadonly ? MS.readonly : 0));
  pivotRoot(root);
}

function mountKernel({ type, source, options }: KernelMount, target: string, isInsecure: boolean): void {
  const flags: Readonly<Record<string, number>> = {
    nosuid: MS.nosuid,
    noexec: MS.noexec,
    nodev: MS.nodev,
    ro: isInsecure ? 0 : MS.readonly,
    strictatime: MS.strictatime,
  };
  const data = options.filter((option) => !(option in flags)).join(',');
  mount(
    source,
    target,
    type,
    options.reduce((sum, option) => sum | (flags[option] ?? 0), 0),
    data,
  );
}

/** Hides files of the kernel that describe the machine, and makes those read-only that would change it. */
function mask(root: string): void {
  const proc = resolveInRoot(root, '/proc');
  // The kernel's filesystem has no links below `/proc`, so only `/proc` itself is resolved. `/sys` may be an ordinary
  // folder.
  const placeOf = (path: string) =>
    path.startsWith('/proc/') ? proc + path.slice('/proc'.length) : resolveInRoot(root, path);
  for (const hidden of maskedPaths()) {
    const place = placeOf(hidden);
    const stat = fs.statSync(fsPath(place), { throwIfNoEntry: false });
    if (stat?.isDirectory()) mount('tmpfs', place, 'tmpfs', MS.readonly, 'size=0');
    else if (stat) mount(resolveInRoot(root, '/dev/null'), place, 'none', MS.bind);
  }
  for (const fixed of READONLY_PATHS) {
    const place = placeOf(fixed);
    if (!fs.existsSync(fsPath(place))) continue;
    mount(place, place, 'none', MS.bind | MS.recursive);
    remount(place, MS.readonly | MS.nosuid | MS.nodev | MS.noexec);
  }
}

/** The place of a mount inside the root as it is now, made if it is missing. */
export function placeFor(root: string, dest: string, kind: 'dir' | 'file'): string {
  const place = resolveInRoot(root, bytesOf(dest));
  makePlace(place, kind);
  return place;
}

import fs from 'node:fs';
import { MS, mount } from '../../host/kernel.ts';
import { remount } from '../../host/mount.ts';
import { fsPath } from '../../name/bytes.ts';
import type { MountRestriction, StepMount } from './executor.ts';

/** Kind of a mount: a folder or one file. */
export function kindOf(mounted: StepMount): 'dir' | 'file' {
  if (mounted.type === 'tmpfs') return 'dir';
  return fs.statSync(fsPath(mounted.source)).isDirectory() ? 'dir' : 'file';
}

/**
 * Makes a mount of a step, as runtimes do.
 * @param further restrictions beside its own
 */
export function mountAt(mounted: StepMount, target: string, further: readonly MountRestriction[] = []): void {
  const own = mounted.type === 'bind' ? (mounted.restrictions ?? []) : [];
  const access = mounted.isReadonly ? MS.readonly : 0;
  const flags = [...own, ...further].reduce((sum, name) => sum | MS[name], access);
  if (mounted.type === 'tmpfs') {
    const size = mounted.size > 0 ? `,size=${mounted.size}` : '';
    const data = `mode=${(mounted.mode ?? 0o1777).toString(8)}${size}`;
    mount('tmpfs', target, 'tmpfs', MS.nosuid | flags, data);
    return;
  }
  mount(mounted.source, target, 'none', MS.bind | MS.recursive);
  if (flags !== 0) remount(target, flags);
}

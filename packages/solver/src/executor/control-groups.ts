import fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../error.ts';
import { MS, mount, unmount } from '../host/kernel.ts';
import { isProcessAlive } from '../host/process-tag.ts';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'buildkit';
/** Inside a step's group of version 2, so that what happened in it can be read when the runtime has removed its own. */
export const INNER = 'step';
const ID = /^llb-(\d+-\d+)-(\d+|devices)$/;

/** How this machine arranges control groups, and whether we may make some. */
export interface ControlGroups {
  readonly version: 1 | 2 | undefined;
  readonly isWritable: boolean;
}

export function probeControlGroups(): ControlGroups {
  const version = fs.existsSync(`${ROOT}/cgroup.controllers`)
    ? 2
    : fs.existsSync(`${ROOT}/devices`) || fs.existsSync(`${ROOT}/memory`)
      ? 1
      : undefined;
  const place = version === 1 ? hierarchies()[0] : ROOT;
  return { version, isWritable: version !== undefined && place !== undefined && canWrite(place) };
}

/** The path of a step's group (S B.6.2): `/buildkit/<id>`, below a parent if one is named. */
export function cgroupsPathOf(id: string, parent: string): string {
  if (parent.includes('.slice') && parent.endsWith(':')) return parent + id;
  const above = ['', ...parent.split('/').filter(Boolean), PARENT].join('/');
  if (above !== `/${PARENT}`) parents.add(above);
  return `${above}/${id}`;
}

/** The groups that steps of this process were put below, but the one at the top. */
const parents = new Set<string>();

let allHierarchies: string | undefined;

/**
 * Hides the hierarchies of version 1 from the programs of this process: crun makes a group in each, which costs more time
 * than all else that it does, and refuses machines on which version 2 has controllers too.
 * Needs our own mount namespace. The second call does nothing.
 *
 * @param folder for the folder below which all hierarchies stay reachable ({@link hiddenHierarchies})
 */
export function hideHierarchies(folder: string): void {
  if (allHierarchies !== undefined) return;
  const all = `${folder}/cgroup`;
  fs.mkdirSync(all);
  mount('tmpfs', all, 'tmpfs', MS.nosuid | MS.nodev | MS.noexec, 'mode=755');
  for (const hierarchy of hierarchies()) {
    const place = `${all}/${path.basename(hierarchy)}`;
    fs.mkdirSync(place);
    mount(hierarchy, place, 'none', MS.bind);
  }
  mount('tmpfs', ROOT, 'tmpfs', MS.nosuid | MS.nodev | MS.noexec, 'mode=755');
  allHierarchies = all;
}

/** Undoes {@link hideHierarchies}. */
export function showHierarchies(): void {
  if (allHierarchies === undefined) return;
  unmount(ROOT, true);
  unmount(allHierarchies, true);
  fs.rmdirSync(allHierarchies);
  allHierarchies = undefined;
}

/** Where all hierarchies can be found while they are hidden; undefined when they are not. */
export function hiddenHierarchies(): string | undefined {
  return allHierarchies;
}

/** Removes the groups of processes that are gone. */
export function sweepControlGroups(): void {
  for (const place of allPlaces()) {
    for (const name of namesIn(`${place}/${PARENT}`)) {
      const tag = ID.exec(name)?.[1];
      if (tag !== undefined && !isProcessAlive(tag)) removeGroup(`/${PARENT}/${name}`);
    }
  }
}

/**
 * Removes the groups above ours that are below one that a step has named, as far as they are empty. Those at the top stay,
 * as BuildKit's do: another process's runtime may be about to make a group in them.
 */
export function removeParentGroups(): void {
  for (const place of allPlaces()) for (const parent of parents) removeIfEmpty(place + parent);
}

/** How often the kernel has killed something in a group of version 2, or below it, for lack of memory. */
export function countMemoryKills(cgroupsPath: string): number {
  try {
    const events = fs.readFileSync(`${ROOT}${cgroupsPath}/memory.events`, 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Removes a step's group, if it is still there: a runtime that was killed could not. */
export function removeGroup(cgroupsPath: string): void {
  for (const place of allPlaces()) {
    removeIfEmpty(`${place}${cgroupsPath}/${INNER}`);
    removeIfEmpty(`${place}${cgroupsPath}`);
  }
}

/** Every folder below which groups are, in both versions. */
function allPlaces(): readonly string[] {
  return [ROOT, `${ROOT}/unified`, ...hierarchies(allHierarchies ?? ROOT)];
}

/** The mounted hierarchies of version 1. */
function hierarchies(folder = ROOT): readonly string[] {
  if (fs.existsSync(`${folder}/cgroup.controllers`)) return [];
  return namesIn(folder)
    .map((name) => `${folder}/${name}`)
    .filter(
      (place) => fs.existsSync(`${place}/cgroup.procs`) && !fs.existsSync(`${place}/cgroup.controllers`),
    );
}

function namesIn(folder: string): readonly string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function canWrite(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function removeIfEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch (error) {
    // Busy: somebody is still in it, and will clean up.
    const code = errnoOf(error);
    if (
      code !== 'EBUSY' &&
      code !== 'ENOENT' &&
      code !== 'ENOTEMPTY' &&
      code !== 'EROFS' &&
      code !== 'EACCES' &&
      code !== 'EPERM'
    )
      throw error;
  }
}

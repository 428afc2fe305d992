import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from '../../error/error.ts';
import { MS, mount, unmount } from '../../host/kernel.ts';
import { type Lease, takeLease, waitForLease } from '../../host/lease.ts';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'buildkit';
/** The runtime's group inside a step's group of version 2: the step's group can still be read once the runtime removed it. */
export const INNER = 'step';
const LEASE = '-lease';
const ID = /^llb-(.+)-(?:\d+|devices|lease)$/;
/**
 * A name for the groups of this process. The process id is not unique if containers with their own pid namespaces see the
 * same groups.
 */
const TAG = `${process.pid}-${randomBytes(8).toString('hex')}`;

/** The version of control groups on this machine, and whether this process may make some. */
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

/** The path of a step's group (docs/buildkit-semantics.md#processes): `/buildkit/<id>`, below a parent if one is named. */
export function cgroupsPathOf(id: string, parent: string): string {
  if (parent.includes('.slice') && parent.endsWith(':')) return parent + id;
  const above = ['', ...parent.split('/').filter(Boolean), PARENT].join('/');
  if (above !== `/${PARENT}`) parents.add(above);
  return `${above}/${id}`;
}

/** Parent groups of this process's steps, without the default one. */
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

/** The folder with all hierarchies while they are hidden; undefined when they are not. */
export function hiddenHierarchies(): string | undefined {
  return allHierarchies;
}

/** The name of a group of this process. */
export function groupName(part: number | 'devices'): string {
  return `llb-${TAG}-${part}`;
}

let lease: { readonly group: string; readonly lease: Lease; users: number } | undefined;

/**
 * Shows other processes, for as long as this one lives, that its groups are in use, even those in which nobody is at the
 * moment: by an empty group of which it has a lease. It comes before all groups that it stands for, and goes after them.
 * Each call is undone by one of {@link releaseControlGroups}.
 */
export function leaseControlGroups(): void {
  if (lease) lease.users++;
  for (const place of lease ? [] : allPlaces().filter(isPlace)) {
    const group = leaseGroupOf(place, TAG);
    try {
      // Another process that sweeps may look at it at this moment, or remove it before it is leased.
      const taken = waitForLease(() => makeAndTake(group));
      lease = { group, lease: taken, users: 1 };
      return;
    } catch (error) {
      // A group may be possible in another hierarchy.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

function makeAndTake(group: string): Lease | undefined {
  fs.mkdirSync(group, { recursive: true });
  return takeLease(group);
}

export function releaseControlGroups(): void {
  if (!lease || --lease.users > 0) return;
  removeIfEmpty(lease.group);
  lease.lease.release();
  lease = undefined;
}

/** Removes the groups of processes that are gone. */
export function sweepControlGroups(): void {
  const places = allPlaces();
  const groupsOf = new Map<string, string[]>();
  for (const name of new Set(places.flatMap((place) => namesIn(`${place}/${PARENT}`)))) {
    const tag = ID.exec(name)?.[1];
    if (tag !== undefined) groupsOf.set(tag, [...(groupsOf.get(tag) ?? []), name]);
  }
  for (const [tag, groups] of groupsOf) {
    const leases = places.map((place) => leaseGroupOf(place, tag)).filter((group) => fs.existsSync(group));
    // They are held until all is removed: a process that has just made its lease cannot believe meanwhile that it has it.
    const taken = leases.map(takeLease);
    if (!leases.some((group, i) => !taken[i] && fs.existsSync(group))) {
      for (const name of groups) if (!name.endsWith(LEASE)) removeGroup(`/${PARENT}/${name}`);
      for (const group of leases) removeIfEmpty(group);
    }
    for (const one of taken) one?.release();
  }
}

function leaseGroupOf(place: string, tag: string): string {
  return `${place}/${PARENT}/llb-${tag}${LEASE}`;
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
    .filter((place) => isPlace(place) && !fs.existsSync(`${place}/cgroup.controllers`));
}

function isPlace(folder: string): boolean {
  return fs.existsSync(`${folder}/cgroup.procs`);
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
    // Busy: the group still has processes, whose owner removes it.
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

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Remains of a finished solve on this machine, one line each. */
export function leftovers(folder: string, pid: number): readonly string[] {
  return [...processesOf(folder), ...groupsOf(pid)];
}

/** Processes that were told of a folder, or that see a mount from it: containers do, whatever they are called. */
function processesOf(folder: string): readonly string[] {
  return pids().flatMap((pid) => {
    const command = contentOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    if (command.includes(folder)) return [`process ${pid}: ${command}`];
    const mount = contentOf(`/proc/${pid}/mountinfo`)
      .split('\n')
      .find((line) => line.includes(folder));
    return mount === undefined ? [] : [`process ${pid} (${command}) with the mount ${mount}`];
  });
}

/** Control groups that the process `pid` has made, in every hierarchy. */
function groupsOf(pid: number): readonly string[] {
  const parents = ['/sys/fs/cgroup', ...foldersIn('/sys/fs/cgroup')].map((place) => join(place, 'buildkit'));
  return parents.flatMap((parent) =>
    foldersIn(parent)
      .filter((group) => group.includes(`/llb-${pid}-`))
      .map((group) => `control group ${group}`),
  );
}

function pids(): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

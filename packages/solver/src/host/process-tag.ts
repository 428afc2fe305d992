import fs from 'node:fs';

/** A name for this process that no later process has: pid and start time. */
export function processTag(): string {
  return `${process.pid}-${startTime(process.pid) ?? 0}`;
}

/** Whether the process that made `tag` still runs. */
export function isProcessAlive(tag: string): boolean {
  const [pid, started] = tag.split('-');
  return pid !== undefined && startTime(Number(pid)) === started;
}

/** Clock ticks from boot to the start of the process (field 22 of its stat file); the name before it may hold blanks. */
function startTime(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

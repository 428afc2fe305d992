import { readFileSync, writeFileSync } from 'node:fs';

/** Largest resident size of a process so far, in MiB; 0 when it is gone. */
export function peakMiB(pid: number): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Makes {@link peakMiB} count from now on. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Helpers of tests that make or check signatures. */
import { spawnSync } from 'node:child_process';

/** True if a program is installed. */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
}

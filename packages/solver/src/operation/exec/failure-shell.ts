import fs from 'node:fs';
import { environmentFailure } from '../../error/error.ts';
import type { Executor, Step } from '../../executor/step/executor.ts';
import { findProgram } from '../../host/programs.ts';
import { isFileInRoot } from '../../host/root-path.ts';
import { bytesOf } from '../../name/bytes.ts';

const SHELLS = ['/bin/bash', '/bin/sh', '/usr/bin/bash', '/usr/bin/sh', '/bin/ash'];
/**
 * The path of this machine's busybox in a root that has no shell. A name that begins with
 * `busybox` makes it take the applet from its arguments.
 */
const BORROWED = '/dev/busybox-llb-ts';

/**
 * Runs a shell on our terminal in the place of a step that failed: same root, mounts, user, folder and variables. In a root
 * without a shell it is this machine's busybox, if that needs nothing but itself.
 * @returns the exit code of the shell
 */
export async function openShell(executor: Executor, step: Step, signal: AbortSignal): Promise<number> {
  const shell = SHELLS.find((path) => isFileInRoot(step.root, path));
  const env = [
    ...step.env.filter((entry) => !entry.startsWith('TERM=')),
    `TERM=${process.env.TERM ?? 'xterm'}`,
  ];
  const { code } = await executor.run(
    shell ? { ...step, env, args: [shell] } : { ...withBusybox(step), env, args: [BORROWED, 'sh'] },
    { signal },
  );
  return code;
}

function withBusybox(step: Step): Step {
  const busybox = findProgram('busybox');
  if (!busybox || !isStatic(busybox)) {
    throw environmentFailure('the root of the step has no shell', {
      hint: 'install a static busybox (package busybox-static), and it is lent to the root',
    });
  }
  const mount = { type: 'bind', dest: BORROWED, isReadonly: true, source: bytesOf(busybox) } as const;
  return { ...step, mounts: [...step.mounts, mount] };
}

/** True if an ELF file names no interpreter (`PT_INTERP`), so needs no libraries of this machine. */
function isStatic(program: string): boolean {
  const file = fs.readFileSync(program);
  const is64Bit = file[4] === 2;
  if (file.toString('latin1', 0, 4) !== '\x7fELF' || !is64Bit) return false;
  const [PT_INTERP, start] = [3, Number(file.readBigUInt64LE(32))];
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => file.readUInt32LE(start + i * size)).every(
    (type) => type !== PT_INTERP,
  );
}

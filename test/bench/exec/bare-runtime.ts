import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../support/requirements.ts';
import { timed } from './contenders.ts';
import type { Timed } from './turns.ts';

const RUNS_AT_ONCE = 5;

/** Runs "$@" some times, one after the other; the namespace around it goes with it. */
const REPEAT = `for run in ${Array.from({ length: RUNS_AT_ONCE }, (_, at) => at).join(' ')}; do "$@" || exit; done`;
/** crun refuses machines that have control groups of both versions, so it gets to see none. */
const WITHOUT_GROUPS = `mount -t tmpfs none /sys/fs/cgroup && ${REPEAT}`;

/**
 * A runtime alone that runs `true`, with its own example of a configuration, which filters no system calls: the least that
 * a step through it can cost.
 *
 * @param folder an empty folder for a root and what the runtime keeps of running containers
 */
export function bareRuntime(name: 'crun' | 'runc', folder: string, busybox: string): Timed {
  const program = findProgram(name) ?? name;
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(busybox, join(bin, 'busybox'));
  symlinkSync('busybox', join(bin, 'true'));
  const { status, stderr } = spawnSync(program, ['spec'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} spec: ${stderr}`);
  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { process: object };
  config.process = { ...config.process, args: ['/bin/true'], terminal: false };
  writeFileSync(file, JSON.stringify(config));

  const run = ['--root', join(folder, 'state'), 'run', '--bundle', folder, `llb-ts-bench-${process.pid}`];
  const command =
    name === 'crun'
      ? [WITHOUT_GROUPS, 'crun', program, '--cgroup-manager=disabled', ...run]
      : [REPEAT, 'runc', program, ...run];
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', ...command];
  return { name: `${name} run`, run: async () => (await timed('unshare', args)) / RUNS_AT_ONCE };
}

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../support/requirements.ts';
import { timed } from './contenders.ts';

/** A runtime alone, with its own example of a configuration: the least that one step through it can cost. */
export interface BareRuntime {
  readonly name: string;
  /** Milliseconds for one run of `true`. */
  run(): Promise<number>;
}

/** @param folder an empty folder for a root and what the runtime keeps of running containers */
export function bareRuntime(name: 'crun' | 'runc', folder: string, busybox: string): BareRuntime {
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
  // crun refuses machines that have control groups of both versions.
  const groups = name === 'crun' ? ['--cgroup-manager=disabled'] : [];
  const id = `llb-ts-bench-${process.pid}`;
  const args = ['--root', join(folder, 'state'), ...groups, 'run', '--bundle', folder, id];
  return { name, run: () => timed(program, args, new Uint8Array()) };
}

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Rig, withRig } from '../cli/rig.ts';

/** The beginning of a build file: a root with busybox, and `sh`, which runs a script in it. */
export const HEAD = `
import * as llb from 'llb-ts';
const { AddEnv, AddMount, Args, Diff, Dir, Local, Merge, Scratch, With } = llb;
const box = Local('box', { dir: './box' }).AddEnv('PATH', '/bin');
const run = (script: string, ...options: llb.RunChange[]) => box.Run(Args(['sh', '-c', script]), ...options);
const sh = (script: string, ...options: llb.RunChange[]) => run(script, ...options).Root();
`;

/** A rig with a build file that begins with {@link HEAD}, and the root beside it. */
export function withBox<T>(
  build: string,
  use: (rig: Rig) => Promise<T>,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<T> {
  return withRig({ ...files, 'build.ts': HEAD + build }, (rig) => {
    writeBox(join(rig.folder, 'box'));
    return use(rig);
  });
}

/** Makes the root: this machine's busybox and its applets, two users. */
export function writeBox(folder: string): void {
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  const busybox = join(folder, 'bin/busybox');
  copyFileSync('/bin/busybox', busybox);
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet));
  }
  const users = 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n';
  writeFileSync(join(folder, 'etc/passwd'), users);
}

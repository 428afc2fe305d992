/** A root to run things in, made of this machine's busybox, and what a case keeps of a run. */
import { existsSync, readFileSync } from 'node:fs';
import { AddEnv, Args, Diff, Local, type RunChange, type State } from 'llb-ts';
import type { FolderEntry } from '../../../support/folder.ts';
import { copy, dir, file, layer, link } from '../../vocabulary.ts';

const BUSYBOX = '/bin/busybox';

/** Without the program, which has other bytes on other machines; where there is none, the cases are left out. */
const tools = (): readonly FolderEntry[] =>
  existsSync(BUSYBOX) ? [{ path: 'busybox', mode: 0o755, content: readFileSync(BUSYBOX) }] : [];

export const TOOLS = { tools: tools() };

const APPLETS = [
  ...['sh', 'cat', 'chgrp', 'chmod', 'chown', 'cp', 'dd', 'env', 'find', 'grep', 'head', 'hostname', 'id'],
  ...['ln', 'ls', 'mkdir', 'mkfifo', 'mknod', 'mv', 'pwd', 'readlink', 'rm', 'rmdir', 'sed', 'sleep', 'sort'],
  ...['stat', 'touch', 'tr', 'true', 'wc', 'kill', 'umount', 'mount'],
];

/** The root: busybox with its applets, two users, and some files to change. */
export function box(): State {
  return layer(
    dir('/bin'),
    copy(Local('tools'), '/busybox', '/bin/busybox'),
    ...APPLETS.map((name) => link('busybox', `/bin/${name}`)),
    dir('/etc'),
    file('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n'),
    file('/etc/group', 'root:x:0:\nstaff:x:50:alice,bob\nalice:x:1001:\n'),
    dir('/tmp', { mode: 0o1777 }),
    dir('/d/sub'),
    file('/d/a', 'a'),
    file('/d/b', 'b', { mode: 0o600, chown: '1000:1001' }),
    file('/d/sub/c', 'c'),
    link('a', '/d/link'),
  ).With(AddEnv('PATH', '/bin'));
}

/** A command for the shell, which stops at the first that fails. */
export function sh(script: string): RunChange {
  return Args(['sh', '-euc', script]);
}

/** The changes that a script makes to the root that it runs in. */
export function changesOf(script: string, ...options: readonly RunChange[]): State {
  return Diff(
    box(),
    box()
      .Run(sh(script), ...options)
      .Root(),
  );
}

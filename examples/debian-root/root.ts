import { Args, Copy, Local, type RunChange, type State } from 'llb-ts';

// The folders that fetch.mjs made. A folder is named relative to the build file, whose neighbour this example is.
const ROOTS = '../debian-root/roots';
const unpacked = Local('base', { dir: `${ROOTS}/base` });

/** A small Debian, as a state to run things in. */
export const base: State = unpacked
  // Does the work of the script of base-passwd.
  .File(
    Copy(unpacked, '/usr/share/base-passwd/passwd.master', '/etc/passwd').Copy(
      unpacked,
      '/usr/share/base-passwd/group.master',
      '/etc/group',
    ),
  )
  .AddEnv('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');

/** The files of a C compiler and of make: nothing that works alone, but what makes a compiler of `base`. */
export const compiler: State = Local('compiler', { dir: `${ROOTS}/compiler` });

/** `NAME.deb`, as Debian has them. */
export const packages: State = Local('packages', { dir: `${ROOTS}/packages` });

/** A command for the shell, which stops at the first that fails. */
export function sh(script: string): RunChange {
  return Args(['sh', '-euc', script]);
}

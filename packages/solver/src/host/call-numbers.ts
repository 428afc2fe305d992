/** Numbers of system calls: of x86-64, and of arm64. */
const NUMBERS = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  fcntl: [72, 25],
  chdir: [80, 49],
  chroot: [161, 51],
  execve: [59, 221],
  faccessat: [269, 48],
  exit_group: [231, 94],
  prctl: [157, 167],
  capset: [126, 91],
  setgroups: [116, 159],
  setresuid: [117, 147],
  setresgid: [119, 149],
  prlimit64: [302, 261],
  keyctl: [250, 219],
  pivot_root: [155, 41],
  seccomp: [317, 277],
  close_range: [436, 436],
} as const;

const COLUMN: Readonly<Record<string, 0 | 1>> = { x64: 0, arm64: 1 };

/** A system call, or its number where it is the same everywhere (from 424 on). */
export type CallName = keyof typeof NUMBERS | number;

/** @param arch Node's name; `x64` or `arm64` */
export function systemCallNumber(name: CallName, arch: string): number {
  if (typeof name === 'number') return name;
  const column = COLUMN[arch];
  if (column === undefined) throw new Error(`Internal error: no system call numbers for ${arch}`);
  return NUMBERS[name][column];
}

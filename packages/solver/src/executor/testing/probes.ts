/**
 * System calls with which a step might try to leave its container, as a call list. A root needs `program` and `list` for
 * it, and a shell: `program 3< list`. Its output, read by {@link readAnswers}, says how each call ended.
 */

import { encodeCalls, type Memory, type SystemCall } from '../../host/call-list.ts';
import { callListProgram } from '../../host/call-list-program.ts';

export interface Probe {
  readonly what: string;
  /** Numbers of x86-64 and of arm64. */
  readonly number: readonly [x64: number, arm64: number];
  readonly args?: readonly (number | Memory)[];
}

const CLONE = {
  time: 0x80,
  mounts: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
};
const AT_FDCWD = -100;
const SIGCHLD = 17;
const X32 = 0x4000_0000;
const [EPERM, ESRCH, EINVAL, ENOSYS] = [1, 3, 22, 38];
/** A process that stands still for being traced would never end. */
const NOBODY = 4_194_000;
const PTRACE_ATTACH = 16;
const text = (value: string): Memory => ({ text: value });
const room = (bytes: number): Memory => ({ bytes: new Uint8Array(bytes) });
const everywhere = (number: number): readonly [number, number] => [number, number];

const namespaces: readonly Probe[] = Object.entries(CLONE).flatMap(([name, flag]): readonly Probe[] => [
  { what: `unshare ${name}`, number: [272, 97], args: [flag] },
  // Too few flags for a process of its own: where it is not refused, the kernel refuses it (EINVAL).
  { what: `clone ${name}`, number: [56, 220], args: [flag | 0x800 | SIGCHLD] },
]);

const mounts: readonly Probe[] = [
  { what: 'mount proc', number: [165, 40], args: [text('p'), text('/mnt'), text('proc'), 0, 0] },
  { what: 'mount sysfs', number: [165, 40], args: [text('s'), text('/mnt'), text('sysfs'), 0, 0] },
  { what: 'mount tmpfs', number: [165, 40], args: [text('t'), text('/mnt'), text('tmpfs'), 0, 0] },
  { what: 'mount cgroup2', number: [165, 40], args: [text('c'), text('/mnt'), text('cgroup2'), 0, 0] },
  { what: 'mount bind', number: [165, 40], args: [text('/proc'), text('/mnt'), 0, 4096, 0] },
  { what: 'remount /proc/sys', number: [165, 40], args: [0, text('/proc/sys'), 0, 32 | 4096, 0] },
  { what: 'mount move', number: [165, 40], args: [text('/proc'), text('/mnt'), 0, 8192, 0] },
  { what: 'umount /proc/sys', number: [166, 39], args: [text('/proc/sys'), 2] },
  { what: 'umount /', number: [166, 39], args: [text('/'), 2] },
  { what: 'pivot_root', number: [155, 41], args: [text('.'), text('.')] },
  { what: 'fsopen', number: everywhere(430), args: [text('proc'), 0] },
  { what: 'open_tree', number: everywhere(428), args: [AT_FDCWD, text('/proc'), 1] },
  { what: 'move_mount', number: everywhere(429), args: [AT_FDCWD, text('/proc'), AT_FDCWD, text('/mnt'), 0] },
  { what: 'fsmount', number: everywhere(432), args: [-1, 0, 0] },
  { what: 'mount_setattr', number: everywhere(442), args: [AT_FDCWD, text('/proc/sys'), 0, room(32), 32] },
];

const kernel: readonly Probe[] = [
  { what: 'setns', number: [308, 268], args: [0, 0] },
  { what: 'clone3', number: everywhere(435), args: [room(64), 64] },
  { what: 'bpf', number: [321, 280], args: [0, room(128), 128] },
  { what: 'perf_event_open', number: [298, 241], args: [room(128), 0, -1, -1, 0] },
  { what: 'userfaultfd', number: [323, 282], args: [0] },
  { what: 'io_uring_setup', number: everywhere(425), args: [4, room(128)] },
  { what: 'io_uring_enter', number: everywhere(426), args: [-1, 0, 0, 0, 0, 0] },
  { what: 'io_uring_register', number: everywhere(427), args: [-1, 0, 0, 0] },
  { what: 'open_by_handle_at', number: [304, 265], args: [AT_FDCWD, room(136), 0] },
  { what: 'fanotify_init', number: [300, 262], args: [0, 0] },
  { what: 'quotactl', number: [179, 60], args: [0, text('/'), 0, 0] },
  { what: 'init_module', number: [175, 105], args: [0, 0, text('')] },
  { what: 'finit_module', number: [313, 273], args: [-1, text(''), 0] },
  { what: 'delete_module', number: [176, 106], args: [text('none'), 0] },
  { what: 'kexec_load', number: [246, 104], args: [0, 0, 0, 0] },
  { what: 'kexec_file_load', number: [320, 294], args: [-1, -1, 0, 0, 0] },
  { what: 'reboot', number: [169, 142], args: [0, 0, 0, 0] },
  { what: 'swapon', number: [167, 224], args: [text('/none'), 0] },
  { what: 'swapoff', number: [168, 225], args: [text('/none')] },
  { what: 'acct', number: [163, 89], args: [text('/none')] },
  { what: 'syslog', number: [103, 116], args: [3, room(64), 64] },
  { what: 'settimeofday', number: [164, 170], args: [0, 0] },
  { what: 'sethostname', number: [170, 161], args: [text('x'), 1] },
  { what: 'setdomainname', number: [171, 162], args: [text('x'), 1] },
  { what: 'vhangup', number: [153, 58] },
  { what: 'kcmp', number: [312, 272], args: [1, 1, 0, 0, 0] },
  { what: 'pidfd_getfd', number: everywhere(438), args: [-1, 0, 0] },
  { what: 'process_madvise', number: everywhere(440), args: [-1, 0, 0, 0, 0] },
  { what: 'add_key', number: [248, 217], args: [text('user'), text('k'), text('v'), 1, -3] },
  { what: 'request_key', number: [249, 218], args: [text('user'), text('k'), 0, 0] },
  { what: 'keyctl', number: [250, 219], args: [0, -3, 0] },
  { what: 'mbind', number: [237, 235], args: [0, 0, 0, 0, 0, 0] },
  { what: 'set_mempolicy', number: [238, 237], args: [0, 0, 0] },
  { what: 'move_pages', number: [279, 239], args: [0, 0, 0, 0, 0, 0] },
  { what: 'personality ADDR_NO_RANDOMIZE', number: [135, 92], args: [0x0040000] },
  { what: 'ptrace of nobody', number: [101, 117], args: [PTRACE_ATTACH, NOBODY, 0, 0] },
  { what: 'process_vm_readv of nobody', number: [310, 270], args: [NOBODY, 0, 0, 0, 0, 0] },
  { what: 'a call that no kernel has', number: everywhere(700) },
];

const sockets: readonly Probe[] = [
  { what: 'socket AF_VSOCK', number: [41, 198], args: [40, 1, 0] },
  { what: 'socket AF_ALG', number: [41, 198], args: [38, 5, 0] },
  { what: 'socket AF_PACKET raw', number: [41, 198], args: [17, 3, 0] },
  { what: 'socket AF_INET raw', number: [41, 198], args: [2, 3, 1] },
  { what: 'netlink audit', number: [41, 198], args: [16, 3, 9] },
];

/** The same through the other way to call a kernel of x86-64: with the numbers of x32. */
const x32: readonly Probe[] = [
  { what: 'x32 unshare user', number: everywhere(X32 + 272), args: [CLONE.user] },
  { what: 'x32 mount', number: everywhere(X32 + 165), args: [text('p'), text('/mnt'), text('proc'), 0, 0] },
  { what: 'x32 ptrace as x86-64', number: everywhere(X32 + 101), args: [PTRACE_ATTACH, NOBODY, 0, 0] },
  { what: 'x32 bpf', number: everywhere(X32 + 321), args: [0, room(128), 128] },
];

export const PROBES: readonly Probe[] = [
  ...namespaces,
  ...mounts,
  ...kernel,
  ...sockets,
  ...(process.arch === 'x64' ? x32 : []),
];

/**
 * Answers of runc with BuildKit's profile other than EPERM: `clone` with flags that the kernel takes for no namespace,
 * calls that the filter reports as missing, and calls that fourteen capabilities and the network of the host allow.
 */
const OTHER_ANSWERS: Readonly<Record<string, number>> = {
  'clone time': EINVAL,
  clone3: ENOSYS,
  'a call that no kernel has': ENOSYS,
  'ptrace of nobody': ESRCH,
  'process_vm_readv of nobody': 0,
  'socket AF_PACKET raw': 0,
  'socket AF_INET raw': 0,
  'netlink audit': 0,
};

/** How runc lets each probe end. */
export const ANSWERS: Readonly<Record<string, number>> = Object.fromEntries(
  PROBES.map(({ what }) => [what, OTHER_ANSWERS[what] ?? EPERM]),
);

/** Paths that nobody may write to; some exist on some machines only. */
export const PROTECTED_FILES: readonly string[] = [
  ...['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sys/vm/overcommit_memory'],
  ...['/proc/sysrq-trigger', '/proc/irq/default_smp_affinity', '/proc/kmsg'],
  ...['/proc/fs/ext4/x', '/proc/bus/pci/00/00.0', '/proc/mtrr'],
  ...['/sys/kernel/uevent_helper', '/sys/kernel/profiling', '/sys/power/state', '/sys/kernel/mm/ksm/run'],
  ...['/sys/fs/cgroup/release_agent', '/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/devices/tasks'],
  ...['/sys/module/kernel/parameters/panic', '/sys/firmware/x', '/sys/block/vda/queue/scheduler'],
];

/** The program that makes the calls; undefined for an architecture that has none. */
export const program = callListProgram();

export function probeList(probes: readonly Probe[] = PROBES): Buffer {
  const say = (bytes: Memory, length: number, label?: string): SystemCall => ({
    name: 'write',
    args: [1, bytes, length],
    ...(label !== undefined && { label }),
  });
  const isX64 = process.arch === 'x64';
  const calls = probes.flatMap(({ what, number, args = [] }, i): readonly SystemCall[] => [
    say({ text: `${what} ` }, what.length + 1),
    { name: number[isX64 ? 0 : 1], args, orElse: `failed ${i}` },
    say({ text: '\0' }, 1),
    { name: 'close', args: [-1], orElse: `end ${i}` },
    say({ failure: true }, 1, `failed ${i}`),
    say({ text: '\n' }, 1, `end ${i}`),
  ]);
  return encodeCalls([...calls, { name: 'exit_group', args: [0] }]);
}

/** The number of the error of each call by its name, 0 for none. */
export function readAnswers(output: string): Readonly<Record<string, number>> {
  const lines = [...output.matchAll(/^(.+) ([\s\S])\n/gm)];
  return Object.fromEntries(lines.map(([, what, answer]) => [what, answer!.charCodeAt(0)]));
}

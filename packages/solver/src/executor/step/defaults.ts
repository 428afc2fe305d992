/** Defaults of every process (docs/buildkit-semantics.md#processes; containerd `pkg/oci/spec.go`, `executor/oci`). */
import fs from 'node:fs';
import { hasGroupId } from '../../host/mount.ts';

export const DEFAULT_HOSTNAME = 'buildkitsandbox';

export const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
] as const;

export const READONLY_PATHS = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
] as const;

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/proc/scsi',
] as const;

let masked: readonly string[] | undefined;

/** Paths that are empty for a sandboxed process; the list depends on the processors of this machine. */
export function maskedPaths(): readonly string[] {
  masked ??= [
    ...MASKED_PATHS,
    ...possibleProcessors()
      .map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`)
      .filter((path) => fs.existsSync(path)),
  ];
  return masked;
}

/** The numbers in a list such as `0-3,8`. */
function possibleProcessors(): readonly number[] {
  let list: string;
  try {
    list = fs.readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim();
  } catch {
    return [];
  }
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** A filesystem of the kernel's own, mounted in every root. */
export interface KernelMount {
  readonly dest: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** The group of terminals, by convention. */
const TTY_OPTION = 'gid=5';

const KERNEL_MOUNTS: readonly KernelMount[] = [
  { dest: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    dest: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    dest: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', TTY_OPTION],
  },
  {
    dest: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  { dest: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { dest: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

let kernel: readonly KernelMount[] | undefined;

/**
 * Lowest first. `/run` is not among them (moby/buildkit#429). Terminals belong to the process's group where this user
 * namespace has no other to give.
 */
export function kernelMounts(): readonly KernelMount[] {
  kernel ??= hasGroupId(5)
    ? KERNEL_MOUNTS
    : KERNEL_MOUNTS.map((mount) => ({
        ...mount,
        options: mount.options.filter((option) => option !== TTY_OPTION),
      }));
  return kernel;
}

export const CGROUP_MOUNT: KernelMount = {
  dest: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['ro', 'nosuid', 'noexec', 'nodev'],
};

/** A device node: type, numbers. */
export interface DeviceNode {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
}

/** In `/dev` of every root, 0666. */
export const DEFAULT_DEVICES: readonly DeviceNode[] = [
  { path: '/dev/null', type: 'c', major: 1, minor: 3 },
  { path: '/dev/zero', type: 'c', major: 1, minor: 5 },
  { path: '/dev/full', type: 'c', major: 1, minor: 7 },
  { path: '/dev/random', type: 'c', major: 1, minor: 8 },
  { path: '/dev/urandom', type: 'c', major: 1, minor: 9 },
  { path: '/dev/tty', type: 'c', major: 5, minor: 0 },
];

/** Further ones of an insecure step (`util/entitlements/security`). */
export const INSECURE_DEVICES: readonly DeviceNode[] = [
  { path: '/dev/kmsg', type: 'c', major: 1, minor: 11 },
  { path: '/dev/cuse', type: 'c', major: 10, minor: 203 },
  { path: '/dev/fuse', type: 'c', major: 10, minor: 229 },
  { path: '/dev/kvm', type: 'c', major: 10, minor: 232 },
  { path: '/dev/net/tun', type: 'c', major: 10, minor: 200 },
  { path: '/dev/loop-control', type: 'c', major: 10, minor: 237 },
  ...Array.from(
    { length: 8 },
    (_, i): DeviceNode => ({ path: `/dev/loop${i}`, type: 'b', major: 7, minor: i }),
  ),
];

/** Links in `/dev` of every root. */
export const DEVICE_LINKS: readonly (readonly [link: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

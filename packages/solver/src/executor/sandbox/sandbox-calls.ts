import fs from 'node:fs';
import type { SystemCall } from '../../host/call-list.ts';
import { bytesOf } from '../../name/bytes.ts';
import type { PreparedStep } from '../root/prepared-step.ts';
import { noTypingProgram, seccompProgram } from '../seccomp/seccomp-filter.ts';
import { capabilityNumber, lastCapability, ownCapabilities } from '../step/capabilities.ts';
import { DEFAULT_CAPABILITIES } from '../step/defaults.ts';
import type { Ulimit } from '../step/executor.ts';
import { STATUS_FILE, waitForOrder } from './sandbox-order.ts';

const FAILED = 'failed';
const IF_FAILED = { orElse: FAILED } as const;

/**
 * The last program of the chain: it waits until its root is mounted, takes the user, limits and rights of the step, and
 * starts the step's program. The order is runc's: first the filter of system calls, while the right to install one is left,
 * then capabilities and the user; `no_new_privs` stays off, so that setuid programs work.
 */
export function callsOf(prepared: PreparedStep, sharesTerminal: boolean): readonly SystemCall[] {
  const { step } = prepared;
  const isInsecure = step.security === 'insecure';
  return [
    ...waitForOrder(FAILED),
    // Its folder is the step's root, whatever its root is.
    { name: 'chroot', args: [{ text: '.' }], ...IF_FAILED, what: 'cannot change the root' },
    ...newKeyring(),
    ...limits(step.ulimits),
    {
      name: 'chdir',
      args: [{ text: bytesOf(step.cwd) }],
      ...IF_FAILED,
      what: `chdir to cwd ("${step.cwd}")`,
    },
    ...(sharesTerminal ? filter(noTypingProgram()) : []),
    ...(isInsecure ? [] : filter(seccompProgram()!)),
    ...identityCalls(prepared),
    ...closeFilesAtStart(),
    ...start(prepared),
    { name: 'write', label: FAILED, args: [STATUS_FILE, { failure: true }, 16] },
    { name: 'exit_group', args: [1] },
  ];
}

/** Keys of this process are none of the step's; a kernel without keys has none to show. */
function newKeyring(): readonly SystemCall[] {
  const KEYCTL_JOIN_SESSION_KEYRING = 1;
  return [{ name: 'keyctl', args: [KEYCTL_JOIN_SESSION_KEYRING, 0] }];
}

function filter(program: Uint8Array): readonly SystemCall[] {
  const SECCOMP_SET_MODE_FILTER = 1;
  return [
    {
      name: 'seccomp',
      args: [SECCOMP_SET_MODE_FILTER, 0, { filter: program }],
      ...IF_FAILED,
      what: 'cannot filter system calls',
    },
  ];
}

/** By their number (asm-generic/resource.h). */
const LIMITS = [
  ...['cpu', 'fsize', 'data', 'stack', 'core', 'rss', 'nproc', 'nofile', 'memlock', 'as', 'locks'],
  ...['sigpending', 'msgqueue', 'nice', 'rtprio', 'rttime'],
];

function limits(ulimits: readonly Ulimit[]): readonly SystemCall[] {
  return ulimits.map(({ name, soft, hard }) => ({
    name: 'prlimit64',
    // An unknown one is a number that the kernel refuses.
    args: [0, LIMITS.indexOf(name.toLowerCase()), { bytes: words64([soft, hard]) }, 0],
    ...IF_FAILED,
    what: `cannot set the limit ${name}`,
  }));
}

const PR = { setKeepCapabilities: 8, dropFromBounding: 24, ambient: 47, ambientRaise: 2, ambientClear: 4 };

function identityCalls({ step, identity: { uid, gid, groups } }: PreparedStep): readonly SystemCall[] {
  const isInsecure = step.security === 'insecure';
  const given = (isInsecure ? ownCapabilities() : DEFAULT_CAPABILITIES).map(capabilityNumber);
  const all = Array.from({ length: lastCapability() + 1 }, (_, number) => number);
  const inherited = isInsecure ? given : [];
  const must = (call: SystemCall): SystemCall => ({
    what: `cannot become user ${uid}:${gid}`,
    ...IF_FAILED,
    ...call,
  });
  return [
    ...all
      .filter((number) => !given.includes(number))
      .map((number) => must({ name: 'prctl', args: [PR.dropFromBounding, number] })),
    ...(maySetGroups()
      ? [must({ name: 'setgroups', args: [groups.length, { bytes: words32(groups) }] })]
      : []),
    must({ name: 'setresgid', args: [gid, gid, gid] }),
    // The program is looked up and started with the rights of root, as runc does it; it gets them only as root.
    must({ name: 'prctl', args: [PR.setKeepCapabilities, 1] }),
    must({ name: 'setresuid', args: [uid, uid, uid] }),
    must({ name: 'prctl', args: [PR.setKeepCapabilities, 0] }),
    must({ name: 'capset', args: [{ bytes: CAPABILITY_VERSION }, { bytes: sets(given, inherited) }] }),
    must({ name: 'prctl', args: [PR.ambient, PR.ambientClear] }),
    ...inherited.map((number) => must({ name: 'prctl', args: [PR.ambient, PR.ambientRaise, number] })),
  ];
}

/** Version 3, of the calling thread. */
const CAPABILITY_VERSION = words32([0x20080522, 0]);

/** Two `struct __user_cap_data_struct`: effective, permitted, inheritable, of the lower and of the upper 32. */
function sets(given: readonly number[], inherited: readonly number[]): Buffer {
  const [rights, inheritable] = [given, inherited].map((numbers) =>
    numbers.reduce((mask, number) => mask | (1n << BigInt(number)), 0n),
  ) as [bigint, bigint];
  return Buffer.concat(
    [0n, 32n].map((shift) =>
      words32([rights, rights, inheritable].map((mask) => Number((mask >> shift) & 0xffffffffn))),
    ),
  );
}

/** A user namespace without a range of groups may not set any. */
function maySetGroups(): boolean {
  try {
    return fs.readFileSync('/proc/self/setgroups', 'latin1').trim() !== 'deny';
  } catch {
    return true;
  }
}

function closeFilesAtStart(): readonly SystemCall[] {
  const [CLOSE_RANGE_CLOEXEC, F_SETFD, FD_CLOEXEC] = [4, 2, 1];
  return [
    // The files of the chain, and on kernels that know the call (5.11) any other one.
    ...[3, 4, 5].map((file): SystemCall => ({ name: 'fcntl', args: [file, F_SETFD, FD_CLOEXEC] })),
    { name: 'close_range', args: [3, 0xffffffff, CLOSE_RANGE_CLOEXEC] },
  ];
}

/**
 * Starts the program as Go's `exec.LookPath` finds it: the first in a folder of PATH that is no folder and may be executed;
 * if that one cannot be started, no other one is tried.
 */
function start({ step, env }: PreparedStep): readonly SystemCall[] {
  const [program = ''] = step.args;
  const execve = (path: string): SystemCall => ({
    name: 'execve',
    args: [{ text: path }, { texts: step.args.map(bytesOf) }, { texts: env.map(bytesOf) }],
    ...IF_FAILED,
    what: `exec ${JSON.stringify(program)}`,
  });
  if (program.includes('/')) return [execve(bytesOf(program))];
  const search = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const folders = program === '' ? [] : search.split(':').filter((folder) => folder !== '');
  const [AT_FDCWD, X_OK] = [-100, 1];
  return [
    ...folders.flatMap((folder, i): readonly SystemCall[] => {
      const path = bytesOf(`${folder}/${program}`);
      const [found, next] = [`found ${i}`, `folder ${i + 1}`];
      return [
        { name: 'faccessat', label: `folder ${i}`, args: [AT_FDCWD, { text: path }, X_OK], orElse: next },
        { name: 'faccessat', args: [AT_FDCWD, { text: `${path}/.` }, X_OK], orElse: found },
        goTo(next),
        { ...execve(path), label: found },
      ];
    }),
    {
      ...goTo(FAILED),
      label: `folder ${folders.length}`,
      what: `exec: ${JSON.stringify(program)}: executable file not found in $PATH`,
    },
  ];
}

/** A call that always fails. */
function goTo(label: string): SystemCall {
  return { name: 'close', args: [-1], orElse: label };
}

function words32(numbers: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(numbers).buffer);
}

function words64(numbers: readonly bigint[]): Buffer {
  return Buffer.from(BigUint64Array.from(numbers.map((number) => BigInt.asUintN(64, number))).buffer);
}

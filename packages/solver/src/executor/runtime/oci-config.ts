import { randomUUID } from 'node:crypto';
import { textOf } from '../../name/bytes.ts';
import type { PreparedStep } from '../root/prepared-step.ts';
import type { SeccompProfile } from '../seccomp/seccomp-profile.ts';
import { ownCapabilities } from '../step/capabilities.ts';
import {
  CGROUP_MOUNT,
  DEFAULT_CAPABILITIES,
  DEFAULT_HOSTNAME,
  type DeviceNode,
  type KernelMount,
  kernelMounts,
  maskedPaths,
  READONLY_PATHS,
} from '../step/defaults.ts';
import type { Resources, StepMount } from '../step/executor.ts';

/** Properties of the machine and the runtime that a configuration depends on. */
export interface OciSurroundings {
  /** A folder to show as `/dev`; without it the runtime makes one. */
  readonly dev?: string;
  /** Device nodes that the runtime is to make. */
  readonly devices: readonly DeviceNode[];
  /** The filter for system calls: rules, or the finished program for a runtime that takes it (crun). */
  readonly seccomp?: { readonly profile: SeccompProfile } | { readonly program: Buffer };
  /** Path of the control group; absent: no group. */
  readonly cgroupsPath?: string;
  readonly hasCgroupNamespace: boolean;
  /** Nothing of `/sys` can be mounted. */
  readonly isRootless: boolean;
  readonly terminal: boolean;
}

/** The content of `config.json` for one step (OCI runtime specification; docs/buildkit-semantics.md#processes, `executor/oci/spec.go`). */
export function ociConfig(prepared: PreparedStep, surroundings: OciSurroundings): string {
  const { step, identity, env } = prepared;
  const isInsecure = step.security === 'insecure';
  const { seccomp } = surroundings;
  // Limits use the whole range of 64 bits, for which JSON.stringify has no words.
  const rlimits = randomUUID();
  const config = {
    ociVersion: '1.0.2',
    process: {
      terminal: surroundings.terminal,
      user: { uid: identity.uid, gid: identity.gid, additionalGids: identity.groups },
      args: step.args,
      env,
      cwd: step.cwd.startsWith('/') ? step.cwd : `/${step.cwd}`,
      capabilities: capabilities(isInsecure),
      noNewPrivileges: false,
      rlimits,
    },
    root: { path: textOf(step.root), readonly: step.isRootReadonly },
    hostname: step.hostname || DEFAULT_HOSTNAME,
    mounts: mounts(prepared, surroundings),
    linux: {
      ...(surroundings.cgroupsPath !== undefined && {
        cgroupsPath: surroundings.cgroupsPath,
        resources: resources(step.resources, isInsecure),
      }),
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        ...(surroundings.hasCgroupNamespace ? [{ type: 'cgroup' }] : []),
        ...(step.network === 'none' ? [{ type: 'network' }] : []),
      ],
      devices: surroundings.devices,
      maskedPaths: isInsecure ? [] : maskedPaths(),
      readonlyPaths: isInsecure ? [] : READONLY_PATHS,
      ...(seccomp && 'profile' in seccomp && { seccomp: seccomp.profile }),
    },
    ...(seccomp &&
      'program' in seccomp && {
        annotations: { 'run.oci.seccomp_bpf_data': seccomp.program.toString('base64') },
      }),
  };
  const limits = step.ulimits.map(
    ({ name, soft, hard }) =>
      `{"type":${JSON.stringify(`RLIMIT_${name.toUpperCase()}`)},"soft":${unsigned(soft)},"hard":${unsigned(hard)}}`,
  );
  return JSON.stringify(config).replace(`"${rlimits}"`, `[${limits.join(',')}]`);
}

function unsigned(limit: bigint): bigint {
  return BigInt.asUintN(64, limit);
}

function capabilities(isInsecure: boolean) {
  if (!isInsecure) {
    const given = DEFAULT_CAPABILITIES;
    return { bounding: given, effective: given, permitted: given, inheritable: [], ambient: [] };
  }
  const all = ownCapabilities();
  return { bounding: all, effective: all, permitted: all, inheritable: all, ambient: all };
}

interface OciMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

function mounts(
  { step, mounts: own }: PreparedStep,
  { dev, isRootless }: OciSurroundings,
): readonly OciMount[] {
  const isInsecure = step.security === 'insecure';
  const kernel = [...kernelMounts(), CGROUP_MOUNT]
    .filter(({ dest }) => !(isRootless && dest.startsWith('/sys')))
    .map((mount) =>
      dev !== undefined && mount.dest === '/dev' ? boundDev(dev) : ofKernel(mount, isInsecure),
    );
  const byDestination = new Map<string, OciMount>();
  for (const mount of [...kernel, ...own.map(ofStep)]) byDestination.set(mount.destination, mount);
  return [...byDestination.values()];
}

function ofKernel({ dest, type, source, options }: KernelMount, isInsecure: boolean): OciMount {
  const writable = isInsecure && (type === 'sysfs' || type === 'cgroup');
  return {
    destination: dest,
    type,
    source,
    options: writable ? options.map((option) => (option === 'ro' ? 'rw' : option)) : options,
  };
}

function boundDev(folder: string): OciMount {
  return {
    destination: '/dev',
    type: 'bind',
    source: textOf(folder),
    options: ['rbind', 'nosuid', 'strictatime'],
  };
}

function ofStep(mount: StepMount): OciMount {
  const access = mount.isReadonly ? 'ro' : 'rw';
  if (mount.type === 'tmpfs') {
    const size = mount.size > 0 ? [`size=${mount.size}`] : [];
    const mode = mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`];
    return {
      destination: mount.dest,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', access, ...size, ...mode],
    };
  }
  return {
    destination: mount.dest,
    type: 'bind',
    source: textOf(mount.source),
    options: ['rbind', access, ...(mount.restrictions ?? [])],
  };
}

function resources(limits: Resources | undefined, isInsecure: boolean) {
  const devices = isInsecure
    ? ['c', 'b'].map((type) => ({ allow: true, type, access: 'rwm' }))
    : [{ allow: false, access: 'rwm' }];
  if (!limits) return { devices };
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = limits;
  return {
    devices,
    memory: {
      ...(memory !== 0n && { limit: Number(memory) }),
      ...(memorySwap !== 0n && { swap: Number(memorySwap) }),
    },
    cpu: {
      ...(cpuShares !== 0n && { shares: Number(cpuShares) }),
      ...(cpuQuota !== 0n && { quota: Number(cpuQuota) }),
      ...(cpuPeriod !== 0n && { period: Number(cpuPeriod) }),
      ...(cpusetCpus !== '' && { cpus: cpusetCpus }),
      ...(cpusetMems !== '' && { mems: cpusetMems }),
    },
  };
}

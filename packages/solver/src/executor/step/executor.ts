/**
 * Runs one process in a root, as BuildKit's worker does (docs/buildkit-semantics.md#processes; `executor/executor.go`): its own pid, mount, ipc and uts
 * namespaces, a fixed set of capabilities, `/proc`, `/dev` and `/sys` of its own, `/etc/hosts` and `/etc/resolv.conf` laid
 * over those of the root.
 *
 * An executor knows nothing of layers or of LLB. It gets a folder with the root's tree, which the process changes in place,
 * and what else to mount. Mount points that were made only for the run are gone afterwards (docs/buildkit-semantics.md#mount-points), so that nothing of
 * them ends up in a layer; `/dev`, `/proc` and `/sys` stay, as they do with BuildKit.
 *
 * ```ts
 * const { code } = await executor.run(
 *   { ...plainStep, root, args: ['make', 'install'], env: ['PATH=/bin'], cwd: '/src' },
 *   { signal, onOutput: (stream, data) => … },
 * );
 * ```
 *
 * Implementations: an OCI runtime (crun, runc) and a sandbox of util-linux programs; one contract
 * (`executor.contract.ts`). The mount namespace of this process must have been entered before (`host/namespace.ts`).
 */
export interface Executor {
  /** `crun`, `runc`, `sandbox`. */
  readonly name: string;
  /** True if {@link Step.resources} and {@link Step.cgroupParent} have an effect; this needs control groups. */
  readonly hasLimits: boolean;
  /**
   * Runs to the end of the process. Fails with a `step` failure whose message continues
   * `process "…" did not complete successfully: ` when the step cannot be run as described (an unknown user), and with an
   * `environment` failure when this machine cannot run it. A program that cannot be started is exit code 1, with the reason
   * on stderr, as runc does it.
   */
  run(step: Step, use: StepUse): Promise<StepExit>;
  /** Undoes its changes on this machine. No step may be running. */
  close(): Promise<void>;
}

/** A process to run. Text is UTF-8; paths of this machine are byte strings. */
export interface Step {
  /** The folder that becomes `/`; parts of it that the process does not see stay unchanged. */
  readonly root: string;
  /** The process cannot write in the root; mount points are made in it all the same. */
  readonly isRootReadonly: boolean;
  /** In the order of their destinations, so parents first. */
  readonly mounts: readonly StepMount[];
  /** Program and arguments; the program is looked up in the PATH of `env`, inside the root. */
  readonly args: readonly string[];
  /** `NAME=value`; of several with one name the last counts. HOME is added where it is missing. */
  readonly env: readonly string[];
  /** Made, with its parents, where it is missing; these belong to the user. */
  readonly cwd: string;
  /** `''`, `name`, `uid`, and each with `:group` or `:gid` (docs/buildkit-semantics.md#users). */
  readonly user: string;
  /** `''`: `buildkitsandbox`. */
  readonly hostname: string;
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  /** `sandbox`: what the machine allows without a daemon, which is the host's network. */
  readonly network: 'sandbox' | 'host' | 'none';
  /** `insecure`: every capability and device of this process, nothing masked. */
  readonly security: 'sandbox' | 'insecure';
  readonly ulimits: readonly Ulimit[];
  /** Control group above the process's own; `''`: the default one. */
  readonly cgroupParent: string;
  readonly resources?: Resources;
  /** True if empty parents of mount points are removed as well. */
  readonly removeStubParents: boolean;
}

export type MountRestriction = 'nodev' | 'nosuid' | 'noexec';

export type StepMount = {
  /** Absolute path inside; made where it is missing. */
  readonly dest: string;
  readonly isReadonly: boolean;
} & (
  | {
      readonly type: 'bind';
      /** A folder or file of this machine (byte string). */
      readonly source: string;
      /** No devices, no setuid programs; and no programs at all. Default: none of these. */
      readonly restrictions?: readonly MountRestriction[];
    }
  | {
      readonly type: 'tmpfs';
      /** Bytes; 0: half of the memory. */
      readonly size: number;
      /** Of its root. Default: that of the folder it hides, else 1777. */
      readonly mode?: number;
    }
);

export interface Ulimit {
  /** `nofile`, `nproc`, … */
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Limits of the control group; 0 and `''` set no limit. */
export interface Resources {
  readonly memory: bigint;
  readonly memorySwap: bigint;
  readonly cpuShares: bigint;
  readonly cpuPeriod: bigint;
  readonly cpuQuota: bigint;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

export interface StepUse {
  /** Kills everything that the step has started. */
  readonly signal: AbortSignal;
  /** Receives the output of the process; absent: the process reads from and writes to our terminal. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', data: Uint8Array) => void;
}

export interface StepExit {
  /** `128 + n` for signal n. */
  readonly code: number;
  /** The kernel killed it because its control group was out of memory. */
  readonly isOutOfMemory: boolean;
}

/** A step with default values, for other steps to extend. */
export const plainStep: Omit<Step, 'root' | 'args'> = Object.freeze({
  isRootReadonly: false,
  mounts: [],
  env: [],
  cwd: '/',
  user: '',
  hostname: '',
  extraHosts: [],
  network: 'sandbox',
  security: 'sandbox',
  ulimits: [],
  cgroupParent: '',
  removeStubParents: true,
});

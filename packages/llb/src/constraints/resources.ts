import type { Caller } from '../base/call-site.ts';
import { long, record, text } from '../base/check.ts';
import type { LinuxResources as Stored } from '../graph/graph.ts';
import type { ConstraintsOpt } from '../graph/option.ts';
import { metadata } from './options.ts';

/** Limits of a process; what is missing has none. */
export interface LinuxResources {
  /** Bytes. */
  readonly memory?: number | bigint;
  /** Bytes of memory and swap together; -1: no limit. */
  readonly memorySwap?: number | bigint;
  /** Weight against other processes; 1024 is usual. */
  readonly cpuShares?: number | bigint;
  /** Microseconds. */
  readonly cpuPeriod?: number | bigint;
  /** Microseconds of processor time per period; -1: no limit. */
  readonly cpuQuota?: number | bigint;
  /** Processors: `'0-2,4'`. */
  readonly cpusetCpus?: string;
  /** Memory nodes: `'0'`. */
  readonly cpusetMems?: string;
}

const none: Stored = Object.freeze({
  memory: 0n,
  memorySwap: 0n,
  cpuShares: 0n,
  cpuPeriod: 0n,
  cpuQuota: 0n,
  cpusetCpus: '',
  cpusetMems: '',
});

type Check<Value> = (at: Caller, value: unknown) => Value;

const unsigned: Check<bigint> = (at, value) => long(at, 'the limit', value, { min: 0n, max: 2n ** 64n - 1n });
const orUnlimited: Check<bigint> = (at, value) => long(at, 'the limit', value, { min: -1n });
const words: Check<string> = (at, value) => text(at, 'the list', value);

const checks: { readonly [Name in keyof Stored]: Check<Stored[Name]> } = {
  memory: (at, value) => long(at, 'the limit', value, { min: 0n }),
  memorySwap: orUnlimited,
  cpuShares: unsigned,
  cpuPeriod: unsigned,
  cpuQuota: orUnlimited,
  cpusetCpus: words,
  cpusetMems: words,
};

function limit<Name extends keyof Stored>(at: Caller, name: Name, value: unknown): ConstraintsOpt {
  const checked = checks[name](at, value);
  return metadata((m) => ({ linuxResources: { ...(m.linuxResources ?? none), [name]: checked } }));
}

/** All limits at once; what was set before is dropped. `Run(Shlex('make'), WithLinuxResources({ memory: 1 << 30 }))` */
export function WithLinuxResources(resources: LinuxResources): ConstraintsOpt {
  const at: Caller = WithLinuxResources;
  const linuxResources: Record<string, unknown> = { ...none };
  const names = Object.keys(checks);
  for (const [name, value] of Object.entries(record(at, 'the resources', names, resources))) {
    if (value !== undefined) linuxResources[name] = checks[name as keyof Stored](at, value);
  }
  return metadata(() => ({ linuxResources: linuxResources as unknown as Stored }));
}

/** Memory in bytes. `Run(Shlex('make'), MemoryLimit(512 * 1024 * 1024))` */
export function MemoryLimit(bytes: number | bigint): ConstraintsOpt {
  return limit(MemoryLimit, 'memory', bytes);
}

/** Memory and swap together in bytes; -1: no limit. `Run(Shlex('make'), MemorySwapLimit(-1))` */
export function MemorySwapLimit(bytes: number | bigint): ConstraintsOpt {
  return limit(MemorySwapLimit, 'memorySwap', bytes);
}

/** Weight of processor time against others; 1024 is usual. `Run(Shlex('make'), CPUShares(512))` */
export function CPUShares(shares: number | bigint): ConstraintsOpt {
  return limit(CPUShares, 'cpuShares', shares);
}

/** Period in microseconds that {@link CPUQuota} counts in. `Run(Shlex('make'), CPUPeriod(100_000))` */
export function CPUPeriod(microseconds: number | bigint): ConstraintsOpt {
  return limit(CPUPeriod, 'cpuPeriod', microseconds);
}

/** Microseconds of processor time per period; -1: no limit. `Run(Shlex('make'), CPUQuota(50_000))` */
export function CPUQuota(microseconds: number | bigint): ConstraintsOpt {
  return limit(CPUQuota, 'cpuQuota', microseconds);
}

/** Processors that may be used. `Run(Shlex('make'), CpusetCpus('0-3'))` */
export function CpusetCpus(cpus: string): ConstraintsOpt {
  return limit(CpusetCpus, 'cpusetCpus', cpus);
}

/** Memory nodes that may be used. `Run(Shlex('make'), CpusetMems('0'))` */
export function CpusetMems(mems: string): ConstraintsOpt {
  return limit(CpusetMems, 'cpusetMems', mems);
}

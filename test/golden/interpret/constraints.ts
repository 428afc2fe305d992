import * as llb from '@llb-ts/llb';
import type { Call } from './call.ts';

/** Options that every verb and every marshal take, and source maps. */
export const constraints: Readonly<Record<string, (call: Call) => unknown>> = {
  Platform: (c) => llb.Platform(c.platform(0)),
  LinuxAmd64: () => llb.LinuxAmd64,
  LinuxArmhf: () => llb.LinuxArmhf,
  LinuxArm: () => llb.LinuxArm,
  LinuxArmel: () => llb.LinuxArmel,
  LinuxArm64: () => llb.LinuxArm64,
  LinuxS390x: () => llb.LinuxS390x,
  LinuxPpc64: () => llb.LinuxPpc64,
  LinuxPpc64le: () => llb.LinuxPpc64le,
  LinuxRiscv64: () => llb.LinuxRiscv64,
  Darwin: () => llb.Darwin,
  Windows: () => llb.Windows,

  Require: (c) => llb.Require(...c.rest<string>(0)),
  LocalUniqueID: (c) => llb.LocalUniqueID(c.text(0)),
  // A capability that the daemon has disabled is one that it does not have.
  WithCaps: (c) => llb.WithCaps(c.texts(0)),

  IgnoreCache: () => llb.IgnoreCache,
  WithDescription: (c) => llb.WithDescription(c.record(0) as Readonly<Record<string, string>>),
  WithCustomName: (c) => llb.WithCustomName(c.text(0)),
  WithCustomNamef: (c) => llb.WithCustomName(c.formatted(0)),
  WithExportCache: () => llb.WithExportCache(),
  WithoutExportCache: () => llb.WithoutExportCache(),
  WithoutDefaultExportCache: () => llb.WithoutDefaultExportCache(),
  ProgressGroup: (c) => llb.ProgressGroup(c.text(0), c.text(1), c.flag(2)),

  WithLinuxResources: (c) => {
    const given = c.record(0) as Readonly<Record<string, number | string>>;
    const names = {
      Memory: 'memory',
      MemorySwap: 'memorySwap',
      CPUShares: 'cpuShares',
      CPUPeriod: 'cpuPeriod',
      CPUQuota: 'cpuQuota',
      CpusetCpus: 'cpusetCpus',
      CpusetMems: 'cpusetMems',
    } as const;
    return llb.WithLinuxResources(
      Object.fromEntries(
        Object.entries(given).map(([name, value]) => [names[name as keyof typeof names], value]),
      ),
    );
  },
  MemoryLimit: (c) => llb.MemoryLimit(c.long(0)),
  MemorySwapLimit: (c) => llb.MemorySwapLimit(c.long(0)),
  CPUShares: (c) => llb.CPUShares(c.long(0)),
  CPUPeriod: (c) => llb.CPUPeriod(c.long(0)),
  CPUQuota: (c) => llb.CPUQuota(c.long(0)),
  CpusetCpus: (c) => llb.CpusetCpus(c.text(0)),
  CpusetMems: (c) => llb.CpusetMems(c.text(0)),

  NewSourceMap: (c) => {
    const state = c.isNull(0) ? undefined : c.state(0);
    return llb.NewSourceMap(state, c.text(1), c.text(2), c.bytes(3));
  },
  'SourceMap.Location': (c) => c.arg<llb.SourceMap>(0).Location(c.ranges(1)),
};

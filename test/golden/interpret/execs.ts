import * as llb from '@llb-ts/llb';
import type { Call } from './call.ts';

const options = (c: Call, from: number): readonly never[] => c.rest<never>(from);

const exec = (c: Call): llb.ExecState => c.arg<llb.ExecState>(0);

/** `Run`, its options, mounts, secrets and sockets. */
export const execs: Readonly<Record<string, (call: Call) => unknown>> = {
  'State.Run': (c) => c.state(0).Run(...options(c, 1)),
  'ExecState.Root': (c) => exec(c).Root(),
  'ExecState.GetMount': (c) => exec(c).GetMount(c.text(1)),
  'ExecState.AddMount': (c) => exec(c).AddMount(c.text(1), c.state(2), ...options(c, 3)),

  Args: (c) => llb.Args(c.texts(0)),
  Shlex: (c) => llb.Shlex(c.text(0)),
  Shlexf: (c) => llb.Shlex(c.formatted(0)),
  With: (c) => llb.With(...c.rest<llb.StateOption>(0)),

  AddExtraHost: (c) => llb.AddExtraHost(c.text(0), c.text(1)),
  AddUlimit: (c) => llb.AddUlimit(c.arg(0), c.long(1), c.long(2)),
  ValidExitCodes: (c) => llb.ValidExitCodes(...c.numbers(0)),
  WithCgroupParent: (c) => llb.WithCgroupParent(c.text(0)),
  ReadonlyRootFS: () => llb.ReadonlyRootFS(),
  WithProxy: (c) => {
    const { HTTPProxy, HTTPSProxy, FTPProxy, NoProxy, AllProxy } = c.record(0) as Readonly<
      Record<string, string>
    >;
    return llb.WithProxy({
      ...(HTTPProxy && { httpProxy: HTTPProxy }),
      ...(HTTPSProxy && { httpsProxy: HTTPSProxy }),
      ...(FTPProxy && { ftpProxy: FTPProxy }),
      ...(NoProxy && { noProxy: NoProxy }),
      ...(AllProxy && { allProxy: AllProxy }),
    });
  },
  AddCDIDevice: (c) => llb.AddCDIDevice(...options(c, 0)),
  CDIDeviceName: (c) => llb.CDIDeviceName(c.text(0)),
  CDIDeviceOptional: () => llb.CDIDeviceOptional,

  AddMount: (c) => llb.AddMount(c.text(0), c.state(1), ...options(c, 2)),
  Readonly: () => llb.Readonly(),
  ForceNoOutput: () => llb.ForceNoOutput(),
  SourcePath: (c) => llb.SourcePath(c.text(0)),
  Tmpfs: (c) => llb.Tmpfs(...options(c, 0)),
  TmpfsSize: (c) => llb.TmpfsSize(c.number(0)),
  AsPersistentCacheDir: (c) => llb.AsPersistentCacheDir(c.text(0), c.arg(1)),
  CacheMountShared: () => llb.CacheMountShared,
  CacheMountPrivate: () => llb.CacheMountPrivate,
  CacheMountLocked: () => llb.CacheMountLocked,

  ContentCache: (c) => llb.ContentCache(c.arg(0)),
  MountContentCacheDefault: () => llb.MountContentCacheDefault,
  MountContentCacheOn: () => llb.MountContentCacheOn,
  MountContentCacheOff: () => llb.MountContentCacheOff,

  AddSecret: (c) => llb.AddSecret(c.text(0), ...options(c, 1)),
  AddSecretWithDest: (c) =>
    c.isNull(1)
      ? llb.AddSecretWithDest(c.text(0), undefined, ...(options(c, 2) as readonly [never, ...never[]]))
      : llb.AddSecretWithDest(c.text(0), c.text(1), ...options(c, 2)),
  SecretID: (c) => llb.SecretID(c.text(0)),
  SecretOptional: () => llb.SecretOptional,
  SecretAsEnv: (c) => llb.SecretAsEnv(c.flag(0)),
  SecretAsEnvName: (c) => llb.SecretAsEnvName(c.text(0)),
  SecretFileOpt: (c) => llb.SecretFileOpt(c.number(0), c.number(1), c.mode(2)),

  AddSSHSocket: (c) => llb.AddSSHSocket(...options(c, 0)),
  SSHID: (c) => llb.SSHID(c.text(0)),
  SSHOptional: () => llb.SSHOptional,
  SSHSocketTarget: (c) => llb.SSHSocketTarget(c.text(0)),
  SSHSocketOpt: (c) => llb.SSHSocketOpt(c.text(0), c.number(1), c.number(2), c.mode(3)),

  UlimitCore: () => llb.UlimitCore,
  UlimitCPU: () => llb.UlimitCPU,
  UlimitData: () => llb.UlimitData,
  UlimitFsize: () => llb.UlimitFsize,
  UlimitLocks: () => llb.UlimitLocks,
  UlimitMemlock: () => llb.UlimitMemlock,
  UlimitMsgqueue: () => llb.UlimitMsgqueue,
  UlimitNice: () => llb.UlimitNice,
  UlimitNofile: () => llb.UlimitNofile,
  UlimitNproc: () => llb.UlimitNproc,
  UlimitRss: () => llb.UlimitRss,
  UlimitRtprio: () => llb.UlimitRtprio,
  UlimitRttime: () => llb.UlimitRttime,
  UlimitSigpending: () => llb.UlimitSigpending,
  UlimitStack: () => llb.UlimitStack,
};

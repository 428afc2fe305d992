/** Makes the programs of `seccomp-programs.ts` (`pnpm seccomp:update`). No step needs it. */
import { compileSeccomp, lastSyscall, libseccompVersion } from '../../host/libseccomp.ts';
import { AUDIT, fail, ifAbove, ifAtLeast, ifEqual, load, OFFSET, X32_BIT } from './seccomp-bpf.ts';
import { seccompProfile } from './seccomp-profile.ts';

const ARCHITECTURES = ['x64', 'arm64'] as const;

const ENOSYS = 38;

export interface CompiledPrograms {
  /** Of libseccomp: a newer one knows more system calls. */
  readonly libseccomp: string;
  /** An array of `struct sock_filter` by Node's name of the architecture. */
  readonly programs: Readonly<Record<string, Buffer>>;
}

/** The filters of all architectures that the sandbox knows. Undefined where libseccomp is missing. */
export function compilePrograms(): CompiledPrograms | undefined {
  const libseccomp = libseccompVersion();
  if (libseccomp === undefined) return undefined;
  const programs = ARCHITECTURES.map((arch): [string, Buffer] => {
    const rules = compileSeccomp(seccompProfile(arch));
    if (!rules) throw new Error(`libseccomp refuses the profile of ${arch}`);
    return [arch, Buffer.concat([...unknownCalls(arch), rules])];
  });
  return { libseccomp, programs: Object.fromEntries(programs) };
}

/**
 * The instructions that runc puts before its filters (`libcontainer/seccomp/patchbpf`): a system call newer than all in the
 * profile fails with ENOSYS, so that C libraries try the older one. All other calls continue with the rules.
 */
function unknownCalls(arch: string): readonly Buffer[] {
  const { architectures, syscalls } = seccompProfile(arch);
  const names = syscalls.flatMap((rule) => rule.names);
  return Object.entries(AUDIT).flatMap(([architecture, token]) => {
    if (!architectures.includes(architecture)) return [];
    const last = lastSyscall(names, architecture);
    const start = (skipped: number) => [
      load(OFFSET.architecture),
      ifEqual(token, 0, skipped),
      load(OFFSET.number),
    ];
    if (architecture !== 'SCMP_ARCH_X86_64') return [...start(3), ifAbove(last, 0, 1), fail(ENOSYS)];
    const lastOfX32 = lastSyscall(names, 'SCMP_ARCH_X32');
    return [
      ...start(5),
      ifAtLeast(X32_BIT, 1, 0),
      ifAbove(last, 1, 2),
      ifAbove(lastOfX32, 0, 1),
      fail(ENOSYS),
    ];
  });
}

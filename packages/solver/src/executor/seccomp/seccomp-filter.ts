import { inflateRawSync } from 'node:zlib';
import { AUDIT, allow, fail, ifEqual, load, OFFSET, X32_BIT } from './seccomp-bpf.ts';
import { type SeccompProfile, seccompProfile } from './seccomp-profile.ts';
import { PROGRAMS } from './seccomp-programs.ts';

const finished = new Map<string, Buffer>();

/** The filter of sandboxed processes as the kernel takes it; undefined for an architecture that has none. */
export function seccompProgram(arch: string = process.arch): Buffer | undefined {
  const lines = PROGRAMS[arch];
  if (!lines) return undefined;
  const known = finished.get(arch) ?? inflateRawSync(Buffer.from(lines.join(''), 'base64'));
  finished.set(arch, known);
  return known;
}

/**
 * The filter as a runtime takes it: crun a finished program where there is one, others the rules. A machine that cannot
 * filter gets none, as with BuildKit.
 */
export function seccompFilter(
  kind: 'crun' | 'runc',
): { readonly profile: SeccompProfile } | { readonly program: Buffer } {
  const program = kind === 'crun' ? seccompProgram() : undefined;
  return program ? { program } : { profile: seccompProfile(process.arch) };
}

/** `ioctl(2)` requests that type into a terminal: TIOCSTI and TIOCLINUX. */
const TYPING = [0x5412, 0x541c] as const;

/** The numbers of `ioctl`. */
const IOCTL = [
  [AUDIT.SCMP_ARCH_X86_64, 16],
  [AUDIT.SCMP_ARCH_X86_64, X32_BIT + 514],
  [AUDIT.SCMP_ARCH_X86, 54],
  [AUDIT.SCMP_ARCH_AARCH64, 29],
  [AUDIT.SCMP_ARCH_ARM, 54],
] as const;

/** A filter beside the other one, for a process that shares our terminal: what types into it fails with EPERM. */
export function noTypingProgram(): Buffer {
  const EPERM = 1;
  const blocks = IOCTL.flatMap(([architecture, number]) => [
    load(OFFSET.architecture),
    ifEqual(architecture, 0, 6),
    load(OFFSET.number),
    ifEqual(number, 0, 4),
    load(OFFSET.secondArgument),
    ifEqual(TYPING[0], 1, 0),
    ifEqual(TYPING[1], 0, 1),
    fail(EPERM),
  ]);
  return Buffer.concat([...blocks, allow()]);
}

import { describe, expect, it } from 'vitest';
import { libseccompVersion } from '../../host/libseccomp.ts';
import { judge } from '../testing/bpf.ts';
import { AUDIT, X32_BIT } from './seccomp-bpf.ts';
import { compilePrograms } from './seccomp-compile.ts';
import { noTypingProgram, seccompProgram } from './seccomp-filter.ts';
import { MADE_WITH } from './seccomp-programs.ts';

const [EPERM, ENOSYS] = [1, 38];
const {
  SCMP_ARCH_X86_64: X86_64,
  SCMP_ARCH_X86: I386,
  SCMP_ARCH_AARCH64: AARCH64,
  SCMP_ARCH_ARM: ARM,
} = AUDIT;
const CLONE_NEWUSER = 0x10000000;

describe('the filters that are checked in', () => {
  it.skipIf(libseccompVersion() !== MADE_WITH)('are what the profile says', () => {
    for (const [arch, program] of Object.entries(compilePrograms()!.programs)) {
      expect({ arch, isCurrent: program.equals(seccompProgram(arch)!) }).toEqual({ arch, isCurrent: true });
    }
  });

  it('know every way to call a kernel', () => {
    const x64 = seccompProgram('x64')!;
    const arm64 = seccompProgram('arm64')!;
    const unshares = [
      [x64, X86_64, 272],
      [x64, X86_64, X32_BIT + 272],
      [x64, I386, 310],
      [arm64, AARCH64, 97],
      [arm64, ARM, 337],
    ] as const;
    for (const [program, architecture, number] of unshares) {
      expect(judge(program, { architecture, number, args: [CLONE_NEWUSER] })).toBe(EPERM);
    }
    const reads = [
      [x64, X86_64, 0],
      [x64, X86_64, X32_BIT],
      [x64, X86_64, X32_BIT + 3],
      [x64, I386, 3],
      [arm64, AARCH64, 63],
      [arm64, ARM, 3],
    ] as const;
    for (const [program, architecture, number] of reads) {
      expect(judge(program, { architecture, number })).toBe(0);
    }
  });

  it('kill what calls with the numbers of another architecture', () => {
    const [riscv, s390x] = [0xc00000f3, 0x80000016];
    for (const arch of ['x64', 'arm64']) {
      for (const architecture of [riscv, s390x, arch === 'x64' ? AARCH64 : X86_64]) {
        for (let number = 0; number < 500; number++) {
          expect(judge(seccompProgram(arch)!, { architecture, number })).toBe(-1);
        }
      }
    }
  });

  it('look at the arguments of clone, socket and personality', () => {
    const call = (number: number, ...args: (number | bigint)[]) =>
      judge(seccompProgram('x64')!, { architecture: X86_64, number, args });
    expect(call(56, 17)).toBe(0);
    for (const bit of [17, 25, 26, 27, 28, 29, 30]) expect(call(56, (1 << bit) | 17)).toBe(EPERM);
    expect([2, 16, 17, 38, 39, 40].map((family) => call(41, family))).toEqual([0, 0, 0, EPERM, 0, EPERM]);
    expect([0, 8, 0x20000, 0x40000].map((persona) => call(135, persona))).toEqual([0, 0, 0, EPERM]);
  });

  it('deny what is younger than the profile', () => {
    const call = (arch: string, architecture: number, number: number) =>
      judge(seccompProgram(arch)!, { architecture, number });
    expect(call('x64', X86_64, 700)).toBe(ENOSYS);
    expect(call('x64', X86_64, X32_BIT + 700)).toBe(ENOSYS);
    expect(call('x64', I386, 700)).toBe(ENOSYS);
    expect(call('arm64', AARCH64, 700)).toBe(ENOSYS);
    // One that the profile has not, and that is older, is forbidden: bpf.
    expect(call('x64', X86_64, 321)).toBe(EPERM);
  });
});

it('nobody types into a terminal that is shared', () => {
  const call = (architecture: number, number: number, request: number | bigint) =>
    judge(noTypingProgram(), { architecture, number, args: [0, request] });
  const ioctls = [
    [X86_64, 16],
    [X86_64, X32_BIT + 514],
    [I386, 54],
    [AARCH64, 29],
    [ARM, 54],
  ] as const;
  const [TIOCSTI, TIOCLINUX, TCGETS] = [0x5412, 0x541c, 0x5401];
  for (const [architecture, number] of ioctls) {
    const answers = [TIOCSTI, TIOCLINUX, TCGETS].map((request) => call(architecture, number, request));
    expect({ architecture, answers }).toEqual({ architecture, answers: [EPERM, EPERM, 0] });
    // The kernel takes 32 bits of it.
    expect(call(architecture, number, (1n << 32n) | BigInt(TIOCSTI))).toBe(EPERM);
  }
  expect(call(X86_64, 0, TIOCSTI)).toBe(0);
});

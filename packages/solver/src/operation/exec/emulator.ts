import type { Platform } from '@llb-ts/pb';
import { findProgram } from '../../host/programs.ts';
import { hostPlatform, normalizePlatform } from '../../registry/platform.ts';

/** The path of the emulator for the process; it comes before the process's arguments. */
export const EMULATOR_PATH = '/dev/.buildkit_qemu_emulator';

const QEMU_NAMES: Readonly<Record<string, string>> = { arm64: 'aarch64', amd64: 'x86_64', '386': 'i386' };
/** Architectures that a processor runs besides its own. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

/**
 * The program that runs processes of a foreign platform: a `buildkit-qemu-…` on PATH (`ops/exec_binfmt.go`). Undefined
 * where none is needed or none is there; then the process is started as it is, and the kernel may know what to do.
 *
 * @param platform undefined for this machine's
 */
export function emulatorFor(platform: Platform | undefined): string | undefined {
  if (!platform) return undefined;
  const own = hostPlatform().architecture;
  const { architecture } = normalizePlatform({ os: platform.os, architecture: platform.architecture });
  if (architecture === own || ALSO_RUNS[own]?.includes(architecture)) return undefined;
  return findProgram(`buildkit-qemu-${QEMU_NAMES[architecture] ?? architecture}`);
}

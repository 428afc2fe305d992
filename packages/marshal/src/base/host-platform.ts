import { endianness } from 'node:os';
import { normalizePlatform, type PlatformSpec } from '@llb-ts/llb';

const goNames: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  loong64: 'loong64',
  mipsel: 'mipsle',
};

/** The platform of this machine under Go's names; the default platform of ops. `Platform(hostPlatform())` */
export function hostPlatform(): PlatformSpec {
  const { arch } = process;
  if (arch === 'ppc64' && endianness() === 'LE') return normalizePlatform({ architecture: 'ppc64le' });
  return normalizePlatform({ architecture: goNames[arch] ?? arch });
}

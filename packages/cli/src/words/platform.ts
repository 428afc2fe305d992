import { normalizePlatform, type PlatformSpec, suggestion, unknownWord } from '@llb-ts/llb';
import { usageError } from '../error/cli-error.ts';

/** Reads `--platform` values, each one platform or several with commas between. Fails for what is none or there twice. */
export function parsePlatforms(values: readonly string[]): readonly PlatformSpec[] {
  const platforms = new Map<string, PlatformSpec>();
  for (const text of values.flatMap((value) => value.split(','))) {
    const platform = parsePlatform(text.trim());
    const name = platformText(platform);
    if (platforms.has(name)) throw usageError(`--platform ${text}: ${name} is there twice`);
    platforms.set(name, platform);
  }
  return [...platforms.values()];
}

function parsePlatform(text: string): PlatformSpec {
  const [, os, architecture, variant] =
    /^([A-Za-z0-9_.-]+)\/([A-Za-z0-9_.-]+)(?:\/([A-Za-z0-9_.-]+))?$/.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw usageError(`--platform ${text}: expected OS/ARCHITECTURE`, 'as in --platform linux/arm64');
  }
  const platform = normalizePlatform({ os, architecture, ...(variant && { variant }) });
  const unknown = unknownWord(platform);
  if (!unknown) return platform;
  throw usageError(`--platform ${text}: ${JSON.stringify(unknown[0])} is unknown`, suggestion(...unknown));
}

/** A platform as people write it. */
export function platformText({ os = '', architecture, variant }: PlatformSpec): string {
  return [os, architecture, ...(variant ? [variant] : [])].join('/');
}

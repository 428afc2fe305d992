import { parseBlobDigest } from '../../blob/blob-digest.ts';
import { stepFailure } from '../../error/error.ts';

export type ResolveMode = 'default' | 'pull' | 'local';

/** Checks `image.resolvemode`. Without an image store of our own, all modes ask the registry. */
export function parseResolveMode(value: string): ResolveMode {
  if (value === '' || value === 'default') return 'default';
  if (value === 'pull' || value === 'local') return value;
  throw stepFailure(`invalid resolvemode: ${value}`);
}

export function checkRecordType(value: string): void {
  if (!['', 'regular', 'internal', 'frontend'].includes(value)) {
    throw stepFailure(`invalid record type ${value}`);
  }
}

/** How many of the lowest layers to take. */
export function parseLayerLimit(value: string): number {
  if (!/^[+-]?\d+$/.test(value) || !Number.isSafeInteger(Number(value))) {
    throw stepFailure(
      `invalid layer limit ${value}: strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
  const limit = Number(value);
  if (limit <= 0) throw stepFailure(`invalid layer limit ${value}`);
  return limit;
}

export function parseChecksum(value: string): string {
  try {
    parseBlobDigest(value);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw stepFailure(`invalid image checksum ${value}: ${error.message}`, { cause: error });
  }
  return value;
}

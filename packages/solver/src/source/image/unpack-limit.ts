import fs from 'node:fs';
import { environmentFailure, stepFailure } from '../../error/error.ts';
import type { Descriptor } from '../../registry/descriptor.ts';
import type { UnpackLimit } from '../../unpack/unpack-writer.ts';

/** No honest layer shrinks more: gzip cannot, and files that zstd packs better are zeroes. */
const MAX_RATIO = 1_100;
/** Fewer bytes are never checked. */
const HARMLESS = 16 * 2 ** 30;

/**
 * How much a layer may unpack to: what is free where the store lies, and no more than an archive that was not made to fill
 * disks. BuildKit has no such limit.
 *
 * @param free bytes that are free. Default: asked of the filesystem of `folder`
 */
export function unpackLimit(
  { digest, size }: Descriptor,
  folder: string,
  free: number = freeBytes(folder),
): UnpackLimit {
  const honest = Math.max(HARMLESS, size * MAX_RATIO);
  if (free < honest) {
    return {
      bytes: free,
      exceeded: () =>
        environmentFailure(
          `no space left on device: layer ${digest} unpacks to more than the ${free} bytes that are free`,
          {
            hint: 'free some space where the store lies, or name another place with --state-dir',
          },
        ),
    };
  }
  return {
    bytes: honest,
    exceeded: () =>
      stepFailure(`layer ${digest} of ${size} bytes unpacks to more than ${honest} bytes`, {
        hint: 'it seems to be made to fill a disk',
      }),
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

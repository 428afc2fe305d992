import { GzipWriter } from '../archive/gzip-writer.ts';
import type { ByteSink } from '../archive/tar-writer-stream.ts';
import { ZstdWriter } from '../archive/zstd-writer.ts';

/** How the blob of a layer is packed. */
export type PackCompression = 'uncompressed' | 'gzip' | 'zstd';

export const LAYER_MEDIA_TYPES: Readonly<Record<PackCompression, string>> = {
  uncompressed: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

export interface CompressingSink extends ByteSink {
  /** Hands out what is left. */
  end(): Promise<void>;
}

/** @param level BuildKit's `compression-level`; undefined for the default of each */
export function compressInto(
  out: (chunk: Uint8Array) => void,
  compression: PackCompression,
  level: number | undefined,
): CompressingSink {
  switch (compression) {
    case 'uncompressed':
      return { write: async (chunk) => out(chunk), end: async () => {} };
    case 'gzip':
      return new GzipWriter(out, level ?? -1);
    case 'zstd':
      return new ZstdWriter(out, level ?? 0);
  }
}

import type { ByteStream } from '../../archive/byte-source.ts';
import type { BlobStore } from '../../blob/blob-store.ts';
import { stepFailure } from '../../error/error.ts';
import type { BlobPlaces } from './resolve-image.ts';

export interface BlobSourceOptions {
  readonly blobs: BlobStore;
  readonly places: BlobPlaces;
}

/** A blob by its digest, and where it is. */
export interface BlobOrigin {
  readonly place: string;
  readonly read: (digest: string, signal: AbortSignal) => ByteStream;
}

/** Brings a blob into the store, unless it came from the same place before. */
export async function ensureBlob(
  digest: string,
  origin: BlobOrigin,
  { blobs, places }: BlobSourceOptions,
  signal: AbortSignal,
): Promise<void> {
  if (places.has(digest, origin.place) && (await blobs.isSound({ digest }))) return;
  const writer = blobs.writer(digest);
  try {
    for await (const chunk of origin.read(digest, signal)) writer.write(chunk);
    const found = writer.digest;
    if (found !== digest) throw stepFailure(`blob digest mismatch: expected ${digest}, got ${found}`);
    await writer.sync();
    writer.commit();
    places.add(digest, origin.place);
  } finally {
    writer.abort();
  }
}

import type { ByteStream } from '../../archive/byte-source.ts';
import type { Descriptor } from '../../registry/descriptor.ts';

/** The place that an image is read from: a repository of a registry, an OCI layout in a folder. */
export interface ImageOrigin {
  /** The reference, normalised; becomes `pulled from …` in the history of exported images. */
  readonly reference: string;
  /**
   * Names the place, apart from tag and digest. What was read from it before by digest need not be asked for again; from
   * another place it must, since not everybody may read there.
   */
  readonly place: string;
  /** The digest of the reference; empty if it has only a tag. */
  readonly digest: string;
  /** The descriptor that the reference names now. */
  resolve(signal: AbortSignal): Promise<Descriptor>;
  /** The bytes of a manifest, config or layer; not verified. */
  fetch(descriptor: Descriptor, options: OriginFetchOptions): ByteStream;
}

export interface OriginFetchOptions {
  readonly signal: AbortSignal;
  /** Told about every attempt that failed and the pause before the next (ms). */
  readonly onRetry?: (reason: string, delay: number) => void;
}

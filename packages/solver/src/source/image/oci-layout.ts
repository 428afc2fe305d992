import fs from 'node:fs';
import path from 'node:path';
import type { ByteStream } from '../../archive/byte-source.ts';
import { parseBlobDigest } from '../../blob/blob-digest.ts';
import { errnoOf, stepFailure } from '../../error/error.ts';
import type { Descriptor } from '../../registry/descriptor.ts';
import type { Reference } from '../../registry/reference.ts';
import { MAX_MANIFEST_SIZE } from '../../registry/registry-client.ts';
import type { ImageOrigin } from './image-origin.ts';
import { detectMediaType } from './manifests.ts';

/** A folder with an OCI image layout. Only its blobs count: references carry a digest, the index is not read. */
export class OciLayout {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Names the folder as a place that blobs come from. */
  get place(): string {
    return `oci-layout:${this.#folder}`;
  }

  /** Fails with code `step` when there is no such blob. */
  size(digest: string): number {
    return this.#stat(digest).size;
  }

  async *read(digest: string): AsyncGenerator<Uint8Array> {
    this.#stat(digest);
    for await (const chunk of fs.createReadStream(this.#path(digest), { highWaterMark: 1 << 18 })) {
      yield chunk as Uint8Array;
    }
  }

  /** An image in it, by the digest of its reference. */
  image(reference: Reference): ImageOrigin {
    return {
      reference: reference.text,
      place: this.place,
      digest: reference.digest,
      resolve: async () => this.#describe(reference),
      fetch: ({ digest }: Descriptor): ByteStream => this.read(digest),
    };
  }

  #describe({ text, digest }: Reference): Descriptor {
    if (digest === '') throw stepFailure(`reference "${text}" must have digest`);
    let size: number;
    try {
      size = this.size(digest);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw stepFailure(`unable to get info about digest: ${error.message}`, { cause: error });
    }
    if (size > MAX_MANIFEST_SIZE) throw stepFailure(`rejecting ${size} byte manifest for ${text}: not found`);
    const bytes = fs.readFileSync(this.#path(digest));
    return { mediaType: detectMediaType(bytes, digest), digest, size };
  }

  #stat(digest: string): fs.Stats {
    try {
      return fs.statSync(this.#path(digest));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
      throw stepFailure(`content ${digest}: not found`, {
        cause: error,
        hint: `there is no such blob in ${this.#folder}`,
      });
    }
  }

  #path(digest: string): string {
    const { algorithm, hex } = parseBlobDigest(digest);
    return path.join(this.#folder, 'blobs', algorithm, hex);
  }
}

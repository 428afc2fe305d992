import { SolveFailure } from '@llb-ts/backend';
import { parseBlobDigest } from '../../blob/blob-digest.ts';
import type { Ref } from '../../chain/ref.ts';
import { stepFailure } from '../../error/error.ts';
import { lstat } from '../../host/files.ts';
import { bytesOf } from '../../name/bytes.ts';
import { parseReference, type Reference } from '../../registry/reference.ts';
import type { Workbench } from '../../work/operation.ts';
import { safeFileName } from '../contract/file-name.ts';
import { type FileAttributes, parseFileAttributes, singleFile } from '../contract/single-file.ts';
import type { Source, SourceInstance } from '../contract/source.ts';
import { type BlobOrigin, type BlobSourceOptions, ensureBlob } from './ensure-blob.ts';

/** `docker-image+blob://` and `oci-layout+blob://`: one blob as one file (`source/containerblob`). */
export function blobSource(
  scheme: 'docker-image+blob' | 'oci-layout+blob',
  options: BlobSourceOptions,
  originOf: (reference: Reference, attrs: Readonly<Record<string, string>>) => Promise<BlobOrigin>,
): Source {
  return {
    schemes: [scheme],
    open({ locator, attrs }) {
      const reference = parseReference(locator);
      const file = parseFileAttributes(attrs);
      return new BlobInstance(reference, file, options, () => originOf(reference, attrs));
    },
  };
}

class BlobInstance implements SourceInstance {
  readonly #reference: Reference;
  readonly #file: FileAttributes;
  readonly #options: BlobSourceOptions;
  readonly #origin: () => Promise<BlobOrigin>;

  constructor(
    reference: Reference,
    file: FileAttributes,
    options: BlobSourceOptions,
    origin: () => Promise<BlobOrigin>,
  ) {
    this.#reference = reference;
    this.#file = file;
    this.#options = options;
    this.#origin = origin;
  }

  async resolve(): Promise<Readonly<Record<string, unknown>>> {
    const { digest } = this.#reference;
    try {
      parseBlobDigest(digest);
    } catch (error) {
      if (!(error instanceof SolveFailure)) throw error;
      throw stepFailure(`invalid reference digest: ${error.message}`, { cause: error });
    }
    return { kind: 'blob', digest, ...this.#file };
  }

  async fetch(work: Workbench): Promise<Ref> {
    const { blobs } = this.#options;
    const { digest, text } = this.#reference;
    await ensureBlob(digest, await this.#origin(), this.#options, work.signal);
    const hostPath = bytesOf(blobs.path(digest));
    const stat = lstat(hostPath);
    if (!stat) throw stepFailure(`content ${digest}: not found`);
    const { filename } = this.#file;
    const name = filename === '' ? parseBlobDigest(digest).hex : safeFileName(filename);
    const content = { stat, hostPath, source: hostPath };
    const description = `blob ${text}`;
    return singleFile({ name, content, attributes: this.#file, mtimeNs: 0n, description }, work);
  }
}

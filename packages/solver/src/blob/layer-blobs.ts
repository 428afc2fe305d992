import { makeFolders } from '../host/files.ts';
import { type Fields, isCount, isText, isTexts } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** The blob that a ref's layer came from, or was packed into: it is exported as it is. */
export interface LayerBlobRecord {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** Digest of the plain tar. */
  readonly diffId: string;
  readonly urls?: readonly string[];
  /** The compression level that was asked for when it was packed. Default: none was, or it was pulled. */
  readonly level?: number;
}

/** The blobs of refs, one plain file each: `blobs/layers/<ref id>.json`. */
export class LayerBlobs {
  readonly #store: Store;
  readonly #folder: string;

  constructor(store: Store) {
    this.#store = store;
    this.#folder = `${store.root}/blobs/layers`;
    makeFolders(this.#folder);
  }

  get(refId: string): LayerBlobRecord | undefined {
    return this.#store.records.read(this.#file(refId), parseLayerBlob);
  }

  /** Keeps the blob of a ref that has none yet. */
  put(refId: string, record: LayerBlobRecord): void {
    if (!this.get(refId)) this.replace(refId, record);
  }

  /** Keeps a blob in place of one that is lost and was not made again to the byte. */
  replace(refId: string, record: LayerBlobRecord): void {
    this.#store.records.write(this.#file(refId), record);
  }

  #file(refId: string): string {
    return `${this.#folder}/${refId}.json`;
  }
}

/** A record from data of any type; undefined where it is none. */
export function parseLayerBlob(fields: Fields): LayerBlobRecord | undefined {
  const { digest, size, mediaType, diffId, urls, level } = fields;
  const isRecord =
    isText(digest) &&
    isCount(size) &&
    isText(mediaType) &&
    isText(diffId) &&
    (urls === undefined || isTexts(urls)) &&
    (level === undefined || typeof level === 'number');
  if (!isRecord) return undefined;
  return { digest, size, mediaType, diffId, ...(urls && { urls }), ...(level !== undefined && { level }) };
}

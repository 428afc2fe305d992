import fs from 'node:fs';
import { errnoOf } from '../error.ts';

/** The blob that a ref's layer came from, or was packed into: it is exported as it is. */
export interface LayerBlobRecord {
  readonly version: 1;
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** Digest of the plain tar. */
  readonly diffId: string;
  readonly urls?: readonly string[];
}

/** The blobs of refs, one plain file each: `blobs/layers/<ref id>.json`. The first one written for a ref stays. */
export class LayerBlobs {
  readonly #folder: string;

  /** @param root the store's folder */
  constructor(root: string) {
    this.#folder = `${root}/blobs/layers`;
    fs.mkdirSync(this.#folder, { recursive: true });
  }

  get(refId: string): LayerBlobRecord | undefined {
    try {
      const record = JSON.parse(fs.readFileSync(this.#file(refId), 'utf8')) as LayerBlobRecord;
      return record.version === 1 ? record : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  put(refId: string, record: Omit<LayerBlobRecord, 'version'>): void {
    if (this.get(refId)) return;
    const file = this.#file(refId);
    const draft = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(draft, `${JSON.stringify({ version: 1, ...record })}\n`);
    fs.renameSync(draft, file);
  }

  #file(refId: string): string {
    return `${this.#folder}/${refId}.json`;
  }
}

import fs from 'node:fs';
import { errnoOf } from '../error.ts';

/** A layer as a blob. */
export interface PackedLayer {
  readonly digest: string;
  readonly size: number;
  /** Of the OCI kind. */
  readonly mediaType: string;
  /** Digest of the plain tar. */
  readonly diffId: string;
  readonly urls?: readonly string[];
  /** Seconds since 1970: no time in it is later. */
  readonly rewrittenTo?: string;
}

interface VariantsRecord {
  readonly version: 1;
  readonly variants: Readonly<Record<string, PackedLayer>>;
}

/**
 * Other forms of a layer's blob, packed otherwise or with other times: `blobs/variants/<piece id>.json`, one plain file a
 * layer, by the name of the form (`zstd`, `gzip@1000000000`). Only an index: a form whose blob is gone is made again.
 */
export class PackVariants {
  readonly #folder: string;

  /** @param root the store's folder */
  constructor(root: string) {
    this.#folder = `${root}/blobs/variants`;
    fs.mkdirSync(this.#folder, { recursive: true });
  }

  get(pieceId: string, form: string): PackedLayer | undefined {
    const { variants } = this.#read(pieceId);
    return Object.hasOwn(variants, form) ? variants[form] : undefined;
  }

  put(pieceId: string, form: string, layer: PackedLayer): void {
    const { variants } = this.#read(pieceId);
    const record: VariantsRecord = { version: 1, variants: { ...variants, [form]: layer } };
    const file = this.#file(pieceId);
    const draft = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(draft, `${JSON.stringify(record)}\n`);
    fs.renameSync(draft, file);
  }

  #read(pieceId: string): VariantsRecord {
    try {
      const record = JSON.parse(fs.readFileSync(this.#file(pieceId), 'utf8')) as VariantsRecord;
      if (record.version === 1) return record;
    } catch (error) {
      if (!(error instanceof SyntaxError) && errnoOf(error) !== 'ENOENT') throw error;
    }
    return { version: 1, variants: {} };
  }

  #file(pieceId: string): string {
    return `${this.#folder}/${pieceId}.json`;
  }
}

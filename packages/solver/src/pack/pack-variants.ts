import { type LayerBlobRecord, parseLayerBlob } from '../blob/layer-blobs.ts';
import { makeFolders } from '../host/files.ts';
import { type Fields, isText } from '../store/records.ts';
import type { Store } from '../store/store.ts';

/** A layer as a blob. */
export interface PackedLayer extends LayerBlobRecord {
  /** Seconds since 1970: no time in it is later. */
  readonly rewrittenTo?: string;
}

type Variants = Readonly<Record<string, PackedLayer>>;

/**
 * Other forms of a layer's blob, packed otherwise or with other times: `blobs/variants/<piece id>.json`, one plain file a
 * layer, by the name of the form (`zstd`, `gzip@1000000000`). Only an index: a form whose blob is gone is made again.
 */
export class PackVariants {
  readonly #store: Store;
  readonly #folder: string;

  constructor(store: Store) {
    this.#store = store;
    this.#folder = `${store.root}/blobs/variants`;
    makeFolders(this.#folder);
  }

  get(pieceId: string, form: string): PackedLayer | undefined {
    const variants = this.#read(pieceId);
    return Object.hasOwn(variants, form) ? variants[form] : undefined;
  }

  put(pieceId: string, form: string, layer: PackedLayer): void {
    this.#store.records.write(this.#file(pieceId), {
      variants: { ...this.#read(pieceId), [form]: layer },
    });
  }

  #read(pieceId: string): Variants {
    return this.#store.records.read(this.#file(pieceId), parseVariants) ?? {};
  }

  #file(pieceId: string): string {
    return `${this.#folder}/${pieceId}.json`;
  }
}

function parseVariants({ variants }: Fields): Variants | undefined {
  if (typeof variants !== 'object' || variants === null) return undefined;
  const parsed: Record<string, PackedLayer> = {};
  for (const [form, fields] of Object.entries(variants as Fields)) {
    if (typeof fields !== 'object' || fields === null) return undefined;
    const layer = parseLayerBlob(fields as Fields);
    const { rewrittenTo } = fields as Fields;
    if (layer) parsed[form] = { ...layer, ...(isText(rewrittenTo) && { rewrittenTo }) };
  }
  return parsed;
}

import { createHash } from 'node:crypto';
import { makeFolders } from '../../host/files.ts';
import { type Fields, isText } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { HttpAttributes } from './http-attributes.ts';

/** A download that can be asked about again. */
export interface HttpRecord {
  /** Without the mark of a weak one. */
  readonly etag: string;
  /** Name of the file; an answer that nothing has changed does not say it again. */
  readonly name: string;
  /** Digest of the content. */
  readonly digest: string;
  /** `Last-Modified` as it came; empty without. */
  readonly lastModified: string;
  /** Id of the ref that holds the file. */
  readonly ref: string;
}

/** Records of downloads and their URLs, one plain file for each kind of request. */
export class HttpRecords {
  readonly #store: Store;
  readonly #folder: string;

  constructor(store: Store) {
    this.#store = store;
    this.#folder = `${store.root}/http`;
  }

  get(attributes: HttpAttributes): readonly HttpRecord[] {
    return this.#store.records.read(this.#file(attributes), parseRecords) ?? [];
  }

  /** Keeps a record, in place of one with the same tag. */
  put(attributes: HttpAttributes, record: HttpRecord): void {
    const records = [...this.get(attributes).filter(({ etag }) => etag !== record.etag), record];
    makeFolders(this.#folder);
    this.#store.records.write(this.#file(attributes), { url: redacted(attributes.url), records });
  }

  /** The name is a hash of everything that shapes the answer and what is made of it. */
  #file({ url, file, authHeaderSecret, headers }: HttpAttributes): string {
    const request = JSON.stringify([url, file, authHeaderSecret, headers]);
    return `${this.#folder}/${createHash('sha256').update(request).digest('hex').slice(0, 40)}.json`;
  }
}

/** For people who look into the file. */
function redacted(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

function parseRecords({ records }: Fields): readonly HttpRecord[] | undefined {
  if (!Array.isArray(records)) return undefined;
  return records.filter((one: Partial<HttpRecord> | null): one is HttpRecord =>
    [one?.etag, one?.name, one?.digest, one?.lastModified, one?.ref].every(isText),
  );
}

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../../error.ts';
import type { HttpWish } from './http-attributes.ts';

/** A download that can be asked about again. */
export interface HttpRecord {
  /** Without the mark of a weak one. */
  readonly etag: string;
  /** Digest of the content. */
  readonly digest: string;
  /** `Last-Modified` as it came; empty without. */
  readonly lastModified: string;
  /** Id of the ref that holds the file. */
  readonly ref: string;
}

/** What was downloaded from where, one plain file for each kind of request. */
export class HttpRecords {
  readonly #folder: string;

  /** @param stateDir the store's folder */
  constructor(stateDir: string) {
    this.#folder = `${stateDir}/http`;
  }

  get(wish: HttpWish): readonly HttpRecord[] {
    try {
      const { version, records } = JSON.parse(fs.readFileSync(this.#file(wish), 'utf8')) as {
        version: number;
        records: HttpRecord[];
      };
      return version === 1 ? records : [];
    } catch (error) {
      if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Keeps a record, in place of one with the same tag. */
  put(wish: HttpWish, record: HttpRecord): void {
    const records = [...this.get(wish).filter(({ etag }) => etag !== record.etag), record];
    fs.mkdirSync(this.#folder, { recursive: true });
    const file = this.#file(wish);
    const draft = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(draft, `${JSON.stringify({ version: 1, url: redacted(wish.url), records })}\n`);
    fs.renameSync(draft, file);
  }

  /** The name is a hash of everything that shapes the answer and what is made of it. */
  #file({ url, file, authHeaderSecret, headers }: HttpWish): string {
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

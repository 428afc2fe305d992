import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { parseBlobDigest } from './blob-digest.ts';

/** Places (repositories) that a blob was read from, one line each in `blobs/places/<hex>`, so that several processes may add. */
export class FileBlobPlaces {
  readonly #folder: string;
  readonly #known = new Map<string, Set<string>>();

  /** @param root the store's folder */
  constructor(root: string) {
    this.#folder = `${root}/blobs/places`;
    fs.mkdirSync(this.#folder, { recursive: true });
  }

  has(digest: string, place: string): boolean {
    return this.all(digest).has(place);
  }

  /** All places of a blob, the first one first. */
  all(digest: string): ReadonlySet<string> {
    return this.#load(digest);
  }

  add(digest: string, place: string): void {
    const places = this.#load(digest);
    if (places.has(place)) return;
    places.add(place);
    const line = `${place}\n`;
    try {
      // Begun anew, so that it does not go on a line that was cut off.
      fs.appendFileSync(this.#file(digest), `\n${line}`);
    } catch (error) {
      if (errnoOf(error) !== 'EISDIR') throw error;
      fs.rmSync(this.#file(digest), { recursive: true });
      fs.writeFileSync(this.#file(digest), line);
    }
  }

  #load(digest: string): Set<string> {
    let places = this.#known.get(digest);
    if (!places) {
      places = new Set(this.#read(digest));
      this.#known.set(digest, places);
    }
    return places;
  }

  #read(digest: string): string[] {
    try {
      return fs.readFileSync(this.#file(digest), 'utf8').split('\n').slice(0, -1).filter(isPlace);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return [];
    }
  }

  #file(digest: string): string {
    return `${this.#folder}/${parseBlobDigest(digest).hex}`;
  }
}

/** False for an empty line and for one with zero bytes, which a crash of the machine may leave in place of a written line. */
function isPlace(line: string): boolean {
  return line !== '' && !line.includes('\0');
}

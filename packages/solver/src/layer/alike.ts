/**
 * Finds a stored layer that is exactly like a new one, so that a layer made again is not kept twice.
 *
 * Layers are filed by a count that costs nothing to take: bytes and entries written. Only layers that agree in it are
 * compared, entry by entry and byte by byte, and only layers in which nothing has the time of this build: no other can
 * be like it.
 */
import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { lstat, makeFolders, readdir } from '../host/files.ts';
import type { Entry } from '../name/entry.ts';
import type { Draft } from './draft.ts';
import { isIdentical } from './sameness.ts';

/** No more layers than this are compared with a new one. */
const MOST_CANDIDATES = 8;

export class AlikeLayers {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = `${root}/alike`;
  }

  /** The id of a layer like `draft`; `pathOf` gives the folder of a stored layer, undefined if it is gone. */
  find(draft: Draft, pathOf: (id: string) => string | undefined): string | undefined {
    for (const id of this.#candidates(draft).slice(0, MOST_CANDIDATES)) {
      const path = pathOf(id);
      if (path !== undefined && isAlike(draft.upper, path)) return id;
    }
    return undefined;
  }

  /** Files a layer that was just stored. */
  add(draft: Draft, id: string): void {
    const folder = this.#folderFor(draft);
    makeFolders(folder);
    fs.writeFileSync(`${folder}/${id}`, '');
  }

  #candidates(draft: Draft): string[] {
    try {
      return readdir(this.#folderFor(draft));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  }

  #folderFor({ notes: { bytes, entries } }: Draft): string {
    return `${this.#folder}/${bytes}-${entries}`;
  }
}

/** True if two layer folders hold the same entries, with the same hard links among them. */
export function isAlike(a: string, b: string): boolean {
  const partners = new Map<bigint, bigint>();
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const names = readdir(a + path);
    const others = readdir(b + path);
    if (names.length !== others.length || names.some((name, i) => name !== others[i])) return false;
    for (const name of names) {
      const child = `${path}/${name}`;
      const [x, y] = [entryAt(a, child), entryAt(b, child)];
      if (!isIdentical(x, y)) return false;
      if (x.stat.type === 'dir') pending.push(child);
      else if ((partners.get(x.stat.ino) ?? y.stat.ino) !== y.stat.ino) return false;
      partners.set(x.stat.ino, y.stat.ino);
    }
  }
  // Two names that are links on one side only have one partner twice.
  return new Set(partners.values()).size === partners.size;
}

function entryAt(root: string, path: string): Entry {
  return { stat: lstat(root + path)!, hostPath: root + path, source: root };
}

import type { EntryStat } from '../name/entry.ts';
import { isPipe } from './replicate-entry.ts';

/** Facts about a draft's folder that a commit needs, and that are not to be seen in the folder alone. */
export class DraftNotes {
  readonly #opaque = new Set<string>();
  readonly #overlaps = new Set<string>();
  readonly #whiteoutHolders = new Set<string>();
  readonly #userOpaque = new Set<string>();
  readonly #untimed = new Set<string>();
  readonly #sharedWith = new Set<string>();
  readonly #linkedInodes = new Set<bigint>();
  #hasLinkedPipes = false;
  #bytes = 0;
  #entries = 0;

  /** Directories made where the base has a directory: nothing of the base shows in them. */
  get opaque(): ReadonlySet<string> {
    return this.#opaque;
  }

  /** Paths written here that the base has too, hidden or not: only these can turn out unchanged. */
  get overlaps(): ReadonlySet<string> {
    return this.#overlaps;
  }

  /** Directories that hold whiteouts. */
  get whiteoutHolders(): ReadonlySet<string> {
    return this.#whiteoutHolders;
  }

  /** Directories with an attribute that they lose when they move (`hasUserOpaque`). */
  get userOpaque(): ReadonlySet<string> {
    return this.#userOpaque;
  }

  /** Layers whose inodes are shared. */
  get sharedWith(): ReadonlySet<string> {
    return this.#sharedWith;
  }

  /** True if an inode of the folder has several names there. */
  isLinked({ ino }: EntryStat): boolean {
    return this.#linkedInodes.has(ino);
  }

  /** True if one of the inodes with several names is a pipe or socket. */
  get hasLinkedPipes(): boolean {
    return this.#hasLinkedPipes;
  }

  /** Bytes of the files written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries made so far, those that were removed again included. */
  get entries(): number {
    return this.#entries;
  }

  /** True if the same actions would give the same layer at any time. */
  get isTimeless(): boolean {
    return this.#untimed.size === 0;
  }

  /** @param count negative for files that are gone */
  addBytes(count: number): void {
    this.#bytes += count;
  }

  addOpaque(path: string): void {
    this.#opaque.add(path);
  }

  addOverlap(path: string): void {
    this.#overlaps.add(path);
  }

  dropOverlap(path: string): void {
    this.#overlaps.delete(path);
  }

  addWhiteoutHolder(path: string): void {
    this.#whiteoutHolders.add(path);
  }

  dropWhiteoutHolder(path: string): void {
    this.#whiteoutHolders.delete(path);
  }

  addUserOpaque(path: string): void {
    this.#userOpaque.add(path);
  }

  addSharing(layer: string): void {
    this.#sharedWith.add(layer);
  }

  /** An entry of the folder has, or gets, a second name there. */
  addLink({ type, ino }: EntryStat): void {
    this.#linkedInodes.add(ino);
    this.#hasLinkedPipes ||= isPipe(type);
  }

  /** An entry was made: it has the time of this build now. */
  addEntry(path: string): void {
    this.#entries++;
    this.addTouched(path);
  }

  /** The entry has the time of this build now. */
  addTouched(path: string): void {
    this.#untimed.add(path);
  }

  /** The entry has a time that was set, or is gone. */
  dropTouched(path: string): void {
    this.#untimed.delete(path);
  }

  hasTouched(path: string): boolean {
    return this.#untimed.has(path);
  }

  /** Drops what is known of a directory, which is gone, and all below. */
  forget(path: string): void {
    const below = `${path}/`;
    for (const known of [
      this.#opaque,
      this.#overlaps,
      this.#whiteoutHolders,
      this.#userOpaque,
      this.#untimed,
    ]) {
      for (const key of known) if (key === path || key.startsWith(below)) known.delete(key);
    }
  }
}

import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { removeTree } from '../host/files.ts';
import { syncFilesystem } from '../host/kernel.ts';

/**
 * Tells which records may be believed after the machine went down.
 *
 * Each record is stamped with the boot and the *epoch* that it was written in: an epoch is what one process has written up
 * to a `syncfs` of its own. Within the boot every record counts. When all of an epoch has been synced, its name is added to
 * the file `durable`, and then its records count in every later boot too. Readers take all other records for missing, so
 * nothing has to be repaired after a power cut, and what was lost is made again.
 */
export class Durability {
  readonly #root: string;
  readonly #boot: string;
  readonly #session: string;
  #epoch = 0;
  #isDirty = false;
  readonly #adopted = new Set<string>();
  #durable: ReadonlyMap<string, number> | undefined;
  #settling: Promise<void> = Promise.resolve();

  /** @param session a name that no other process has, letters and digits */
  constructor(root: string, boot: string, session: string) {
    this.#root = root;
    this.#boot = boot;
    this.#session = session;
  }

  /** The stamp for a record that is written now. Everything that the record stands for must have been written. */
  stamp(): string {
    this.#isDirty = true;
    return `${this.#boot}.${this.#session}.${this.#epoch}`;
  }

  /** True if a record with this stamp may be believed. */
  isTrusted(stamp: unknown): boolean {
    const [, boot, session, epoch] = STAMP.exec(typeof stamp === 'string' ? stamp : '') ?? [];
    if (boot === this.#boot) return true;
    if (session === undefined) return false;
    this.#durable ??= readMarks(this.#file);
    return (this.#durable.get(session) ?? -1) >= Number(epoch);
  }

  /** Vouches for what a process of this boot has written that ended without doing so itself. */
  adopt(session: string): void {
    this.#adopted.add(session);
  }

  /**
   * Brings everything that was written before to the disk and notes that it is there; does nothing where nothing was written.
   * If that fails, the records count in this boot only: no reason to fail a solve.
   */
  settle(): Promise<void> {
    this.#settling = this.#settling.then(() => this.#settle());
    return this.#settling;
  }

  async #settle(): Promise<void> {
    if (!this.#isDirty && this.#adopted.size === 0) return;
    const adopted = [...this.#adopted];
    const marks = adopted.map((session) => mark(session, ALL));
    if (this.#isDirty) marks.push(mark(this.#session, this.#epoch++));
    this.#isDirty = false;
    try {
      // The file is there before it is needed, so that the sync covers its name, too.
      this.#makeFile();
      await syncFilesystem(this.#root);
      append(this.#file, marks.join(''));
      for (const session of adopted) this.#adopted.delete(session);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }

  #makeFile(): void {
    try {
      fs.closeSync(fs.openSync(this.#file, 'a', 0o600));
    } catch (error) {
      if (errnoOf(error) !== 'EISDIR') throw error;
      removeTree(this.#file);
      fs.writeFileSync(this.#file, '', { mode: 0o600 });
    }
  }

  get #file(): string {
    return `${this.#root}/durable`;
  }
}

const STAMP = /^([0-9a-z]+)\.([0-9a-z]+)\.(\d+)$/;
const MARK = /^([0-9a-z]+) (\d+)$/;
/** All epochs of a session. */
const ALL = 999_999_999;

/** A line of its own even after one that was cut off. */
function mark(session: string, epoch: number): string {
  return `\n${session} ${epoch}\n`;
}

function append(file: string, text: string): void {
  const fd = fs.openSync(file, 'a', 0o600);
  try {
    fs.writeSync(fd, text);
    fs.fdatasyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The highest durable epoch of each session. */
function readMarks(file: string): Map<string, number> {
  const marks = new Map<string, number>();
  let text: string;
  try {
    text = fs.readFileSync(file, 'latin1');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return marks;
  }
  // The last line may have been cut within its number.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  for (const line of lines) {
    const [, session, epoch] = MARK.exec(line) ?? [];
    if (session !== undefined) marks.set(session, Math.max(marks.get(session) ?? 0, Number(epoch)));
  }
  return marks;
}

import fs from 'node:fs';
import { errnoOf } from '../error/error.ts';
import { removeTree } from '../host/files.ts';
import { parentOf } from '../name/bytes.ts';
import type { Durability } from './durability.ts';

/** The fields of a record; their types are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Of how a record is written; another one is as good as none. */
const VERSION = 2;

export interface RecordOptions {
  /** `latin1` keeps one byte a character, for byte strings. Default: `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
  /** Brings the record to the disk before anything is written that it must not miss. Default: false. */
  readonly flush?: boolean;
  /** As `JSON.stringify` takes it. */
  readonly replacer?: (name: string, value: unknown) => unknown;
}

/** Failures that say nothing about the file: it may be as good as ever. */
const PASSING: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Record files: one JSON object each, written whole or not at all, never changed in place. What cannot be read counts as
 * missing, whatever the reason: cut off, of other types, a folder, damaged on the disk, or not known to have been on
 * the disk when the machine went down.
 */
export class Records {
  readonly #durability: Durability;
  readonly #stage: () => string;

  /** @param stage a path for a file in the making, on the same filesystem, used by no one else */
  constructor(durability: Durability, stage: () => string) {
    this.#durability = durability;
    this.#stage = stage;
  }

  /** @param parse makes the record of its fields; undefined where they are not of the right types */
  read<T>(
    file: string,
    parse: (fields: Fields) => T | undefined,
    { encoding = 'utf8' }: RecordOptions = {},
  ): T | undefined {
    let fields: unknown;
    try {
      fields = JSON.parse(fs.readFileSync(file, encoding));
    } catch (error) {
      if (error instanceof SyntaxError || (errnoOf(error) && !PASSING.has(errnoOf(error)))) return undefined;
      throw error;
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined;
    const { version, written } = fields as Fields;
    if (version !== VERSION || !this.#durability.isTrusted(written)) return undefined;
    return parse(fields as Fields);
  }

  /** Puts a record in the place of whatever has its name. Everything that it speaks of must have been written. */
  write(file: string, record: object, options: RecordOptions = {}): void {
    const draft = this.#stage();
    this.writeNew(draft, record, options);
    try {
      fs.renameSync(draft, file);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      removeTree(file);
      fs.renameSync(draft, file);
    }
    if (options.flush) for (const path of [file, parentOf(file)]) flush(path);
  }

  /** Writes a record into a folder that is still being made. */
  writeNew(file: string, record: object, { encoding = 'utf8', replacer }: RecordOptions = {}): void {
    const text = JSON.stringify({ version: VERSION, written: this.#durability.stamp(), ...record }, replacer);
    fs.writeFileSync(file, `${text}\n`, encoding);
  }
}

function flush(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

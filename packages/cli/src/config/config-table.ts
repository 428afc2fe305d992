import { suggestion } from '@llb-ts/llb';
import type { ConfigDocument } from './config-document.ts';
import type { KeyPath, TomlTable, TomlValue } from './toml.ts';

/** A table of a configuration file, read key by key; what has the wrong type is a `config` error with its line. */
export class ConfigTable {
  constructor(
    readonly document: ConfigDocument,
    readonly path: KeyPath,
    readonly values: TomlTable,
  ) {}

  /** The value at `path`, which must be a table. */
  static of(document: ConfigDocument, path: KeyPath, value: TomlValue): ConfigTable {
    if (isTable(value)) return new ConfigTable(document, path, value);
    throw document.error(path, `expected a table, got ${described(value)}`);
  }

  /** Fails at the first key that is none of `known`; `helpFor` may know better than the nearest word. */
  refuseUnknown(
    known: readonly string[],
    helpFor: (key: string, value: TomlValue) => string | undefined = () => undefined,
  ): void {
    for (const [key, value] of Object.entries(this.values)) {
      if (known.includes(key)) continue;
      const help = helpFor(key, value) ?? suggestion(key, known);
      throw this.document.error([...this.path, key], 'there is no such setting', help);
    }
  }

  boolean(key: string): boolean | undefined {
    const value = this.values[key];
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#mistyped([key], 'true or false', value);
  }

  /** A text that must be there and say something. */
  text(key: string): string {
    const value = this.values[key];
    if (value === undefined) throw this.document.error(this.path, `${key} is missing`);
    return this.#text([key], value);
  }

  /** Texts that say something. Default: none. */
  texts(key: string): readonly string[] {
    return this.#list(key, 'texts').map((value, i) => this.#text([key, i], value));
  }

  /** Default: none. */
  tables(key: string): readonly ConfigTable[] {
    const { document } = this;
    return this.#list(key, 'tables').map((value, i) =>
      ConfigTable.of(document, [...this.path, key, i], value),
    );
  }

  #list(key: string, entries: string): readonly TomlValue[] {
    const value = this.values[key];
    if (value === undefined || Array.isArray(value)) return value ?? [];
    throw this.#mistyped([key], `a list of ${entries}`, value);
  }

  #text(key: KeyPath, value: TomlValue): string {
    if (typeof value !== 'string') throw this.#mistyped(key, 'a text', value);
    if (value.trim() === '') throw this.document.error([...this.path, ...key], 'the text is empty');
    return value;
  }

  #mistyped(key: KeyPath, expected: string, value: TomlValue): Error {
    return this.document.error([...this.path, ...key], `expected ${expected}, got ${described(value)}`);
  }
}

export function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function described(value: TomlValue): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'a table' : JSON.stringify(value);
}

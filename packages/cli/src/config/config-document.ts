import { dirname, resolve } from 'node:path';
import { CliError, type Place } from '../error/cli-error.ts';
import { shownPath } from '../words/shown-path.ts';
import { type KeyPath, TomlDocument, TomlError, type TomlTable } from './toml.ts';

/** One configuration file while it is read: what it says, and what is to be said about it. */
export class ConfigDocument {
  readonly #toml: TomlDocument;
  readonly #path: string;
  readonly #text: string;
  readonly #warnings: string[] = [];

  /** Fails with a `config` error when `text` is not TOML. */
  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    try {
      this.#toml = new TomlDocument(text);
    } catch (error) {
      if (error instanceof TomlError) throw this.#syntaxError(error);
      throw error;
    }
  }

  get table(): TomlTable {
    return this.#toml.table;
  }

  /** Settings without effect, each with its line; they do not keep the file from being used. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** A path that the file names: relative to the folder of the file. */
  resolve(path: string): string {
    return resolve(dirname(this.#path), path);
  }

  /** An error about the key at `path`, with its line. The message begins with the key. */
  error(path: KeyPath, message: string, help?: string): CliError {
    const statement = this.#toml.placeOf(path);
    return new CliError('config', `${dotted(path)}: ${message}`, {
      ...(statement && { place: { ...statement, file: this.#shown, text: this.#text } }),
      ...(help !== undefined && { help }),
    });
  }

  /** Notes something about the key at `path` that does not keep the file from being used. */
  warn(path: KeyPath, message: string): void {
    const line = this.#toml.placeOf(path)?.line;
    this.#warnings.push(`${this.#shown}${line === undefined ? '' : `:${line}`}: ${dotted(path)} ${message}`);
  }

  get #shown(): string {
    return shownPath(this.#path);
  }

  #syntaxError(error: TomlError): CliError {
    const place: Place = { ...error.place, file: this.#shown, text: this.#text };
    const sentence = `${error.message.slice(0, 1).toLowerCase()}${error.message.slice(1)}`;
    return new CliError('config', `the configuration is not TOML: ${sentence}`, { place, cause: error });
  }
}

/** A key as it would stand in the file: `registry."docker.io".mirrors[1]`. */
export function dotted(path: KeyPath): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      return `${i > 0 ? '.' : ''}${/^[\w-]+$/.test(part) ? part : JSON.stringify(part)}`;
    })
    .join('');
}

import { SourceMap, type SourceMapPayload } from 'node:module';
import { resolve } from 'node:path';
import type { Place } from '../error/cli-error.ts';
import { readText, shownPath } from '../words/shown-path.ts';

/** A position in a running module, as the engine tells it: line and column from 1. */
export interface EnginePosition {
  readonly filename: string;
  readonly line: number;
  readonly column: number;
}

/** A position in a file that a person wrote. */
export interface SourcePosition {
  /** Absolute path. */
  readonly path: string;
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}

/** Leads positions in the bundle back to the files that it was made of. */
export class SourcePositions {
  readonly #url: string;
  readonly #folder: string;
  readonly #map: SourceMap;

  /** `url` is where the bundle runs, `folder` what the sources of the map are relative to. */
  constructor(url: string, map: string, folder: string) {
    this.#url = url;
    this.#folder = folder;
    this.#map = new SourceMap(JSON.parse(map) as SourceMapPayload);
  }

  /** Undefined for a position outside the bundle, or of code that stands in no file. */
  find({ filename, line, column }: EnginePosition): SourcePosition | undefined {
    if (filename !== this.#url) return undefined;
    const entry = this.#map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return undefined;
    // A source of a plugin's namespace, such as `llb-ts:llb-ts`, is no file.
    if (/^[\w-]{2,}:/.test(entry.originalSource)) return undefined;
    return {
      path: resolve(this.#folder, entry.originalSource),
      line: entry.originalLine + 1,
      character: entry.originalColumn,
    };
  }

  /** The user's text from a position on; undefined if it is not known. */
  textFrom(position: EnginePosition): string | undefined {
    const source = this.find(position);
    const lines =
      source &&
      readText(source.path)
        ?.split('\n')
        .slice(source.line - 1);
    return lines && [lines[0]?.slice(source.character) ?? '', ...lines.slice(1)].join('\n');
  }

  /** True if the bundle itself threw `error`, and not something that it called. */
  isThrownHere(error: Error): boolean {
    const [first] = framesOf(stackBelowMessage(error));
    return first?.filename === this.#url;
  }

  /** The place in a user's file at which `error` was thrown: the first frame of its stack that leads there. */
  placeOf(error: Error): Place | undefined {
    for (const position of framesOf(stackBelowMessage(error))) {
      const source = this.find(position);
      if (source) return placeAt(source);
    }
    return undefined;
  }
}

/** A message may itself look like a frame. */
function stackBelowMessage({ name, message, stack = '' }: Error): string {
  const head = `${name}: ${message}`;
  return stack.startsWith(head) ? stack.slice(head.length) : stack;
}

export function placeAt({ path, line, character }: SourcePosition): Place {
  const text = readText(path);
  return { file: shownPath(path), line, character, ...(text !== undefined && { text }) };
}

function* framesOf(stack: string): Iterable<EnginePosition> {
  for (const line of stack.split('\n')) {
    // `    at fn (file:///x.mjs:1:2)`, `    at file:///x.mjs:1:2`, and the head of a SyntaxError, `file:///x.mjs:1`.
    const [, filename, row, column] =
      /^(?:.*?\(|\s*at (?:async )?)?((?:file:|\/).*?):(\d+)(?::(\d+))?\)?$/.exec(line) ?? [];
    if (filename && row) yield { filename, line: Number(row), column: Number(column ?? 1) };
  }
}

import type { CallSite, SourceLocation, SourceText } from '@llb-ts/llb';
import type { DefinitionMessage, Location, SourceInfo } from '@llb-ts/pb';

const nowhere: readonly Location[] = Object.freeze([]);

/** Text of a file that call sites point into. */
export interface SourceFile {
  readonly data: Uint8Array;
  /** As GitHub's linguist names it: `TypeScript`. */
  readonly language: string;
}

/** Collects which op comes from where (`client/llb/sourcemap.go`, docs/buildkit-semantics.md#source-locations). Equal files are listed once. */
export class SourceCollector {
  readonly #texts: SourceText[] = [];
  readonly #numbers = new Map<SourceText, number>();
  readonly #files = new Map<string, SourceText | undefined>();
  readonly #sourceText: (filename: string) => SourceFile | undefined;

  constructor(sourceText: (filename: string) => SourceFile | undefined) {
    this.#sourceText = sourceText;
  }

  /** Places as a definition says them. */
  locate(places: readonly SourceLocation[]): readonly Location[] {
    if (places.length === 0) return nowhere;
    return places.map(({ map, ranges }) => ({ sourceIndex: this.#number(map), ranges }));
  }

  /** The place of a call site, if its file's text is known. */
  placeOf({ filename, line, column }: CallSite): SourceLocation | undefined {
    if (!this.#files.has(filename)) {
      const file = this.#sourceText(filename);
      this.#files.set(filename, file && { filename, state: undefined, ...file });
    }
    const map = this.#files.get(filename);
    const position = { line, character: Math.max(0, column - 1) };
    return map && { map, ranges: [{ start: position, end: position }] };
  }

  /** The files in the order in which they were first named. */
  get texts(): readonly SourceText[] {
    return this.#texts;
  }

  /** @param definitions the marshaled state of each text that has one */
  infos(definitions: ReadonlyMap<SourceText, DefinitionMessage>): readonly SourceInfo[] {
    return this.#texts.map((text): SourceInfo => {
      const definition = definitions.get(text);
      const { filename, language, data } = text;
      return { filename, language, data, ...(definition && { definition }) };
    });
  }

  #number(map: SourceText): number {
    let number = this.#numbers.get(map);
    if (number === undefined) {
      number = this.#texts.findIndex((text) => equal(text, map));
      if (number < 0) number = this.#texts.push(map) - 1;
      this.#numbers.set(map, number);
    }
    return number;
  }
}

function equal(a: SourceText, b: SourceText): boolean {
  return a.filename === b.filename && a.language === b.language && Buffer.compare(a.data, b.data) === 0;
}

import { parse, type TomlTable, type TomlValue } from 'smol-toml';

/** Where a key stands: names of tables and keys, numbers of entries of a list. */
export type KeyPath = readonly (string | number)[];

/** The place of a statement in a file. */
export interface StatementPlace {
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}

/**
 * The first statement of a TOML document that says something under `path`; undefined when none does. The parser keeps no
 * places, but a statement is the shortest run of lines that it takes on its own.
 * @param text a document that can be parsed as a whole
 */
export function findStatement(text: string, path: KeyPath): StatementPlace | undefined {
  const wanted = JSON.stringify(path).slice(0, -1);
  const lengths = new Map<string, number>();
  let header: KeyPath = [];
  for (const { lines, line, isHeader, table } of statements(text)) {
    if (isHeader) header = headerPath(table, lengths);
    for (const said of isHeader ? [header] : pathsIn(table, header)) {
      const own = `${JSON.stringify(said).slice(0, -1)},`;
      if (own.startsWith(`${wanted},`)) return { line, character: lines.search(/\S/) };
    }
  }
  return undefined;
}

interface Statement {
  readonly lines: string;
  readonly line: number;
  /** `[a.b]` or `[[a.b]]`, not `a.b = 1`. */
  readonly isHeader: boolean;
  /** What it says by itself. */
  readonly table: TomlTable;
}

function* statements(text: string): Generator<Statement> {
  let lines = '';
  let first = 1;
  for (const [index, line] of text.split('\n').entries()) {
    if (lines === '') first = index + 1;
    lines += `${line}\n`;
    let table: TomlTable;
    try {
      table = parse(lines);
    } catch {
      // A list or a text that goes on in the next line.
      continue;
    }
    if (Object.keys(table).length > 0) {
      yield { lines, line: first, isHeader: lines.trimStart().startsWith('['), table };
    }
    lines = '';
  }
}

/** The path of a header, with the number of the entry wherever a list of tables is on the way. */
function headerPath(header: TomlTable, lengths: Map<string, number>): KeyPath {
  const path: (string | number)[] = [];
  let value: TomlValue = header;
  while (typeof value === 'object' && !(value instanceof Date)) {
    const entry: [string, TomlValue] | undefined = Object.entries(value)[0];
    if (!entry) break;
    const isList: boolean = Array.isArray(value);
    if (isList) {
      const list = JSON.stringify(path);
      const count = (lengths.get(list) ?? 0) + 1;
      lengths.set(list, count);
      path.push(count - 1);
    } else {
      path.push(entry[0]);
      const length = lengths.get(JSON.stringify(path));
      if (length !== undefined && !Array.isArray(entry[1])) path.push(length - 1);
    }
    value = entry[1];
  }
  return path;
}

/** Every path that a value says something under, the deepest only. */
function pathsIn(value: TomlValue, path: KeyPath): readonly KeyPath[] {
  if (typeof value !== 'object' || value instanceof Date) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, inner]) => pathsIn(inner, [...path, key]));
}

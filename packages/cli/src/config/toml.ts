import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';

/** The path of a key: names of tables and keys, numbers of entries of a list. */
export type KeyPath = readonly (string | number)[];

export type TomlValue = string | number | bigint | boolean | Date | TomlList | TomlTable;
type TomlList = readonly TomlValue[];
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** The place of a statement in a file. */
export interface StatementPlace {
  /** 1 for the first line. */
  readonly line: number;
  /** 0 for the first character. */
  readonly character: number;
}

/** A text that is not TOML. */
export class TomlError extends Error {
  constructor(
    message: string,
    readonly place: StatementPlace,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** A TOML text: its values, and the places of the statements that set them. */
export class TomlDocument {
  readonly table: TomlTable;
  readonly #statements: readonly Statement[];

  /** Fails with a `TomlError` where `text` is not TOML. */
  constructor(text: string) {
    const program = parse(text);
    this.table = getStaticTOMLValue(program) as TomlTable;
    this.#statements = program.body[0].body.flatMap((node) => statementsOf(node, []));
  }

  /** The first statement that sets something under `path`; undefined when none does. */
  placeOf(path: KeyPath): StatementPlace | undefined {
    return this.#statements.find(({ paths }) => paths.some((set) => isUnder(set, path)))?.place;
  }
}

interface Statement {
  readonly place: StatementPlace;
  /** The deepest paths that the statement sets. */
  readonly paths: readonly KeyPath[];
}

function parse(text: string): AST.TOMLProgram {
  try {
    return parseTOML(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new TomlError(error.message, { line: error.lineNumber, character: error.column }, error);
  }
}

/** A header and each statement below it, or one statement at the top. */
function statementsOf(node: AST.TOMLTable | AST.TOMLKeyValue, below: KeyPath): readonly Statement[] {
  const { line, column } = node.loc.start;
  const place = { line, character: column };
  if (node.type === 'TOMLTable') {
    const inner = node.body.flatMap((statement) => statementsOf(statement, node.resolvedKey));
    return [{ place, paths: [node.resolvedKey] }, ...inner];
  }
  const key = node.key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
  return [{ place, paths: pathsIn(getStaticTOMLValue(node.value) as TomlValue, [...below, ...key]) }];
}

function pathsIn(value: TomlValue, path: KeyPath): readonly KeyPath[] {
  if (typeof value !== 'object' || value instanceof Date) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value as TomlTable);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, inner]) => pathsIn(inner as TomlValue, [...path, key]));
}

function isUnder(path: KeyPath, ancestor: KeyPath): boolean {
  return ancestor.every((part, i) => path[i] === part);
}

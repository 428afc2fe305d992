import { dirname, join, relative, resolve } from 'node:path';
import { Project, type SourceFile, SyntaxKind } from 'ts-morph';

const ROOT = resolve(import.meta.dirname, '../..');

/** One import (or re-export, or type import, or `import()`) that a file makes. */
export interface ImportLine {
  /** The text in the quotes. */
  readonly specifier: string;
  /** The file it means, relative to the repository; undefined when it names a package. */
  readonly file?: string;
  readonly line: number;
}

/** A source file as the rules see it. */
export interface SourceUnit {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  /** The folder name under `packages/`. */
  readonly packageName: string;
  /** The first folder below `src`, or '' for files directly in it. */
  readonly room: string;
  readonly imports: readonly ImportLine[];
  readonly source: SourceFile;
}

/** Names of files that only tests use. */
const TEST_FILES = ['*.test.ts', '*.contract.ts', 'testing/**/*.ts'];

/** Every product file of the packages: what is shipped, so without tests. */
export function productUnits(): readonly SourceUnit[] {
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  const patterns = ['packages/*/src/**/*.ts', ...TEST_FILES.map((name) => `!packages/*/src/**/${name}`)];
  return project
    .addSourceFilesAtPaths(patterns.map((pattern) => pattern.replace(/^!?/, (not) => `${not}${ROOT}/`)))
    .map(unitOf);
}

function unitOf(source: SourceFile): SourceUnit {
  const path = relative(ROOT, source.getFilePath());
  const [, packageName = '', , ...below] = path.split('/');
  return {
    path,
    packageName,
    room: below.length > 1 ? (below[0] ?? '') : '',
    imports: importsOf(source),
    source,
  };
}

function importsOf(source: SourceFile): readonly ImportLine[] {
  const folder = dirname(source.getFilePath());
  const literals = [
    ...source.getImportStringLiterals(),
    ...source
      .getDescendantsOfKind(SyntaxKind.ImportType)
      .flatMap((node) => node.getArgument().getDescendantsOfKind(SyntaxKind.StringLiteral)),
  ];
  return literals.map((literal) => {
    const specifier = literal.getLiteralText();
    const file = specifier.startsWith('.') ? { file: relative(ROOT, join(folder, specifier)) } : {};
    return { specifier, ...file, line: literal.getStartLineNumber() };
  });
}

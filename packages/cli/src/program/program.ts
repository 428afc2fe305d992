import type { SourcePositions } from './source-positions.ts';

/** A build.ts that has been compiled and run: what it exports, and the way back to its lines. */
export interface Program {
  /** Absolute path of build.ts. */
  readonly path: string;
  /** Its path as messages show it. */
  readonly shown: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly positions: SourcePositions;
  /** The name of a source file inside definitions: relative to the folder of build.ts, so that it is the same anywhere. */
  sourceName(path: string): string;
  /** The file that a name inside a definition stands for. */
  sourcePath(name: string): string;
}

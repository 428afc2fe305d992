import type { Colors } from './colors.ts';
import { clip, widthOf } from './terminal-text.ts';

export interface Column {
  readonly title: string;
  /** Numbers stand right. Default: left. */
  readonly align?: 'left' | 'right';
  /** May be cut so that the table fits; one column at most. Default: never cut. */
  readonly flexible?: boolean;
}

const GAP = '  ';
const LEAST = 20;

/** Lines of a table without a head line; all rows have as many cells as the first. */
export function alignedLines(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, () => ({
    title: '',
  }));
  return tableLines(columns, rows).slice(1);
}

/** Lines of a table. `width` is what it should fit in; undefined leaves every cell whole (a pipe, a file). */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors?: Colors,
  width?: number,
): readonly string[] {
  const widths = columns.map(({ title }, i) =>
    rows.reduce((width, row) => Math.max(width, widthOf(row[i] ?? '')), widthOf(title)),
  );
  const flexible = columns.findIndex((column) => column.flexible);
  if (width !== undefined && flexible >= 0) {
    const total = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1);
    const own = widths[flexible] as number;
    widths[flexible] = Math.max(Math.min(own, LEAST), own - Math.max(total - width, 0));
  }
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(clip(cell, widths[i] as number), widths[i] as number, columns[i]?.align))
      .join(GAP)
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return [colors ? colors.bold(head) : head, ...rows.map(line)];
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(width - widthOf(text), 0));
  return align === 'right' ? space + text : text + space;
}

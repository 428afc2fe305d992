/** What one process measured. */
export interface Report {
  /** Milliseconds that each run took to make the graph. */
  readonly make: readonly number[];
  /** Milliseconds that each run took to marshal it. */
  readonly marshal: readonly number[];
  readonly ops: number;
  /** Digest of the result: that of both sides has to be the same. */
  readonly head: string;
  /** Largest resident size of the process. */
  readonly peakMiB: number;
}

export interface Timing {
  /** The first run of the process. */
  readonly cold: number;
  /** Median of the others; the first where there are none. */
  readonly warm: number;
}

export function timing(runs: readonly number[]): Timing {
  const [cold = Number.NaN, ...others] = runs;
  const sorted = [...others].sort((a, b) => a - b);
  return { cold, warm: sorted[Math.floor(sorted.length / 2)] ?? cold };
}

/** Runs with making and marshaling taken together. */
export function together({ make, marshal }: Report): number[] {
  return marshal.map((ms, run) => ms + (make[run] ?? 0));
}

export function ms(value: number): string {
  return value < 10
    ? `${value.toFixed(1)} ms`
    : value < 10_000
      ? `${value.toFixed(0)} ms`
      : `${(value / 1000).toFixed(1)} s`;
}

/** How many times as long as ours theirs takes. */
export function ratio(theirs: number, ours: number): string {
  const times = theirs / ours;
  return `${times < 10 ? times.toFixed(1) : times.toFixed(0)}×`;
}

/** Rows as text with columns of one width, the first to the left, numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

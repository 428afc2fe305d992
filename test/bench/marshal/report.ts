/** The measurements of one process. */
export interface Report {
  /** Milliseconds that each run took to make the graph. */
  readonly make: readonly number[];
  /** Milliseconds that each run took to marshal it. */
  readonly marshal: readonly number[];
  /** Milliseconds that processors were busy with that. On a busy machine this tells more than the clock. */
  readonly cpu: readonly number[];
  readonly ops: number;
  /** Digest of the result: that of both sides has to be the same. */
  readonly head: string;
  /** Largest resident size of the process. */
  readonly peakMiB: number;
}

export interface Timing {
  /** Median of the first runs of several processes. */
  readonly cold: number;
  /** Median of all further runs; the first where there are none. */
  readonly warm: number;
}

/** @param processes the runs of each process */
export function timing(processes: readonly (readonly number[])[]): Timing {
  const cold = median(processes.map((runs) => runs[0] ?? Number.NaN));
  const others = processes.flatMap((runs) => runs.slice(1));
  return { cold, warm: others.length > 0 ? median(others) : cold };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
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

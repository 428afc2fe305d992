/** A stretch of work, in milliseconds since 1970; `stop` is missing while it lasts. */
export interface Interval {
  readonly start: number;
  readonly stop?: number;
}

/** Joins intervals that overlap or touch, sorted by start. An open one swallows everything that starts after it. */
export function mergeIntervals(intervals: Iterable<Interval>): readonly Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (!last || (last.stop !== undefined && last.stop < next.start)) merged.push(next);
    else if (last.stop === undefined) break;
    else if (next.stop === undefined) merged[merged.length - 1] = { start: last.start };
    else merged[merged.length - 1] = { start: last.start, stop: Math.max(last.stop, next.stop) };
  }
  return merged;
}

/** Milliseconds covered; an open interval counts up to `now`. */
export function durationOf(intervals: readonly Interval[], now: number): number {
  return intervals.reduce((sum, { start, stop }) => sum + ((stop ?? now) - start), 0);
}

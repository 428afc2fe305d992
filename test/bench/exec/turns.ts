/** Smallest and middle of the times of several runs, by name, in milliseconds. */
export type Times = ReadonlyMap<string, { readonly min: number; readonly median: number }>;

export interface Timed {
  readonly name: string;
  /** @param turn counts from 0 */
  run(turn: number): Promise<number>;
}

/** Runs all of them in turns, each round begun by another, so that a busy moment of the machine meets all alike. */
export async function inTurns(timed: readonly Timed[], rounds: number): Promise<Times> {
  const times = new Map<string, number[]>(timed.map(({ name }) => [name, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (let at = 0; at < timed.length; at++) {
      const { name, run } = timed[(turn + at) % timed.length]!;
      times.get(name)!.push(await run(turn));
    }
  }
  return new Map(
    [...times].map(([name, values]) => {
      const sorted = values.toSorted((a, b) => a - b);
      return [name, { min: sorted[0]!, median: sorted[Math.floor(sorted.length / 2)]! }];
    }),
  );
}

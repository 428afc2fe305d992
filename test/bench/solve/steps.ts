import type { Definition } from '@llb-ts/pb';

/** The fields of `--progress rawjson` that are read here; both CLIs print them. */
interface Status {
  readonly vertexes?: readonly {
    readonly digest: string;
    readonly started?: string;
    readonly completed?: string;
    readonly cached?: boolean;
  }[];
}

/** Milliseconds that each vertex worked, by digest; a vertex may start and end several times. */
export function workedOf(rawjson: string): ReadonlyMap<string, number> {
  const spans = new Map<string, Map<string, number>>();
  for (const line of rawjson.split('\n')) {
    if (!line.startsWith('{')) continue;
    for (const { digest, started, completed } of (JSON.parse(line) as Status).vertexes ?? []) {
      if (started === undefined || completed === undefined) continue;
      const ofVertex = spans.get(digest) ?? new Map<string, number>();
      ofVertex.set(started, milliseconds(completed) - milliseconds(started));
      spans.set(digest, ofVertex);
    }
  }
  return new Map(
    [...spans].map(([digest, times]) => [digest, [...times.values()].reduce((a, b) => a + b, 0)]),
  );
}

/** Digests of the ops of these kinds; of file ops only the last. */
export function digestsOf(definition: Definition, kinds: readonly string[]): readonly string[] {
  const chosen = definition.entries.filter(({ op }) => op.op !== undefined && kinds.includes(op.op.kind));
  const lastFile = chosen.findLast(({ op }) => op.op?.kind === 'file');
  return chosen
    .filter((entry) => entry.op.op?.kind !== 'file' || entry === lastFile)
    .map(({ digest }) => digest);
}

/** `Date` drops what is beyond milliseconds; Go prints up to nine digits. */
function milliseconds(time: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? [];
  return Math.floor(Date.parse(time) / 1000) * 1000 + Number(`0.${fraction || '0'}`) * 1000;
}

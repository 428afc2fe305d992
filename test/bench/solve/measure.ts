import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { marshal } from '@llb-ts/marshal';
import type { BenchCase } from './cases.ts';
import type { Contender, Measured } from './contenders.ts';
import { withFreshFilesystem } from './fresh-filesystem.ts';
import { digestsOf } from './steps.ts';

/** The state of the store when the build starts. */
export const PHASES = ['cold', 'unchanged', 'one file changed'] as const;
export type Phase = (typeof PHASES)[number];

/** Medians over the runs; milliseconds and MiB. */
export interface Figures {
  readonly wall: number;
  /** Time of the ops that the case is about; undefined where nothing of it ran. */
  readonly steps: number;
  readonly peak: number;
}

export interface Row {
  readonly case: string;
  readonly phase: Phase;
  readonly ours: Figures;
  readonly reference: Figures | undefined;
}

export type StartContender = (folder: string) => Promise<Contender>;

/**
 * Builds a case on both sides, in turns, `runs` times from an empty store. Both take the same bytes and the same folders.
 */
export async function measureCase(
  one: BenchCase,
  sides: readonly StartContender[],
  runs: number,
  folder: string,
): Promise<readonly Row[]> {
  const { state, locals, changeOneFile } = one.prepare(join(folder, 'data'));
  const definition = await marshal(state);
  const bytes = definition.write();
  const digests = digestsOf(definition, one.measured);
  const seen = new Map<string, Map<Phase, Measured[]>>();
  for (let at = 0; at < runs; at++) {
    await withFreshFilesystem(async (stores) => {
      const contenders: Contender[] = [];
      try {
        for (const [side, start] of sides.entries()) contenders.push(await start(join(stores, String(side))));
        // The first to run warms the folders for the other, so they take turns.
        const order = at % 2 === 0 ? contenders : [...contenders].reverse();
        for (const phase of PHASES) {
          if (phase === 'one file changed') changeOneFile();
          for (const contender of order) {
            // Nobody pays for writing out what the preparation, or the other side, has left in memory.
            spawnSync('sync');
            add(seen, contender.name, phase, await contender.build(bytes, locals));
          }
        }
      } finally {
        for (const contender of contenders) await contender.stop();
      }
    });
  }
  return PHASES.map((phase) => ({
    case: one.name,
    phase,
    ours: figures(seen.get('llb-ts')?.get(phase) ?? [], digests),
    reference: seen.has('BuildKit') ? figures(seen.get('BuildKit')?.get(phase) ?? [], digests) : undefined,
  }));
}

function add(seen: Map<string, Map<Phase, Measured[]>>, name: string, phase: Phase, one: Measured): void {
  const phases = seen.get(name) ?? new Map<Phase, Measured[]>();
  phases.set(phase, [...(phases.get(phase) ?? []), one]);
  seen.set(name, phases);
}

function figures(runs: readonly Measured[], digests: readonly string[]): Figures {
  return {
    wall: median(runs.map(({ wall }) => wall)),
    steps: median(
      runs.map(({ worked }) => digests.reduce((sum, digest) => sum + (worked.get(digest) ?? 0), 0)),
    ),
    peak: median(runs.map(({ peak }) => peak)),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

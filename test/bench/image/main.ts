/**
 * Images: a pull of 20,000 files and 300 MB from a registry on this machine, exports and pushes of as much, and again after a
 * small change; beside `buildctl` on a running buildkitd, in turns.
 *
 *     node --conditions=llb-ts-source --import=tsx test/bench/image/main.ts [--runs N] [--no-reference]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRegistry } from '../../e2e/export/registry.ts';
import { whyMissing } from '../../support/requirements.ts';
import { exitOnInterrupt, withTemporaryFolder } from '../../support/temporary.ts';
import { ms, ratio, table } from '../marshal/report.ts';
import { type Contender, type Measured, startOurs, startReference } from '../solve/contenders.ts';
import { withFreshFilesystem } from '../solve/fresh-filesystem.ts';
import { type Material, type Phase, phases, prepare } from './phases.ts';

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '3' }, 'no-reference': { type: 'boolean', default: false } },
});
const OURS = 'llb-ts';
const REFERENCE = 'BuildKit';
const withReference = !flags['no-reference'] && whyMissing('reference-daemon') === undefined;

type Seen = ReadonlyMap<Phase, ReadonlyMap<string, Measured[]>>;

exitOnInterrupt();

const lacking = whyMissing('docker-registry');
if (lacking === undefined) await withTemporaryFolder(measureAll);
else console.log(`left out: ${lacking}`);

async function measureAll(folder: string): Promise<void> {
  const registry = await startRegistry(join(folder, 'registry'));
  try {
    const image = `${registry.host}/image`;
    const material = await prepare(join(folder, 'data'), image);
    await pushOnce(join(folder, 'first'), image, material);
    const seen: Seen = new Map(
      phases.map((phase) => [phase, new Map([OURS, REFERENCE].map((side) => [side, []]))]),
    );
    for (let turn = 0; turn < Number(flags.runs); turn++) {
      await withFreshFilesystem((stores) =>
        measureTurn({ stores, host: registry.host, turn, material, seen }),
      );
    }
    console.log(table([headings(), ...phases.flatMap((phase) => rowOf(phase, seen))]));
  } finally {
    await registry.stop();
  }
}

/** Puts the image that is to be pulled into the registry. */
async function pushOnce(folder: string, image: string, { definitions, locals }: Material): Promise<void> {
  const builder = await startOurs(folder);
  await builder.build(definitions.merged, locals, ['--output', `type=image,name=${image},push=true`]);
}

interface Turn {
  readonly stores: string;
  readonly host: string;
  readonly turn: number;
  readonly material: Material;
  readonly seen: Seen;
}

/** All phases from empty stores. */
async function measureTurn({ stores, host, turn, material, seen }: Turn): Promise<void> {
  const contenders: Contender[] = [];
  try {
    contenders.push(await startOurs(join(stores, OURS)));
    if (withReference) contenders.push(await startReference());
    // The first to run warms files for the other, so they take turns.
    const order = turn % 2 === 0 ? contenders : [...contenders].reverse();
    for (const phase of phases) {
      if (phase.change) material.changeSmall();
      for (const { name, build } of order) {
        const place = {
          folder: join(stores, `${name}-out`),
          repository: `${host}/${name.toLowerCase()}-${turn}`,
        };
        mkdirSync(place.folder, { recursive: true });
        const output = phase.output ? ['--output', phase.output(place)] : [];
        // Nobody pays for writing out what was before.
        spawnSync('sync');
        seen
          .get(phase)
          ?.get(name)
          ?.push(await build(material.definitions[phase.build], material.locals, output));
      }
    }
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}

function headings(): string[] {
  const columns = ['min', 'median', 'peak'];
  const named = (side: string) => columns.map((column, at) => (at === 0 ? `${side}: ${column}` : column));
  return ['', ...named(REFERENCE), ...named(OURS), 'min ÷ min', 'median ÷ median'];
}

function rowOf(phase: Phase, seen: Seen): string[][] {
  if (phase.about === undefined) return [];
  const [theirs, ours] = [REFERENCE, OURS].map((side) => figuresOf(seen.get(phase)?.get(side) ?? []));
  if (!ours) return [];
  const cells = (figures: Figures | undefined) =>
    figures ? [ms(figures.min), ms(figures.median), `${figures.peak.toFixed(0)} MiB`] : ['', '', ''];
  const ratios = theirs ? [ratio(theirs.min, ours.min), ratio(theirs.median, ours.median)] : [];
  return [[phase.about, ...cells(theirs), ...cells(ours), ...ratios]];
}

interface Figures {
  readonly min: number;
  readonly median: number;
  /** Largest resident size of all runs, in MiB. */
  readonly peak: number;
}

function figuresOf(runs: readonly Measured[]): Figures | undefined {
  const walls = runs.map(({ wall }) => wall).sort((a, b) => a - b);
  const [min, median] = [walls[0], walls[Math.floor(walls.length / 2)]];
  if (min === undefined || median === undefined) return undefined;
  return { min, median, peak: Math.max(...runs.map(({ peak }) => peak)) };
}

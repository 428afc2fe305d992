/** `pnpm bench`: builds beside a buildkitd of their own, in one run, on the same definitions and folders. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whyMissing } from '../support/requirements.ts';
import { exitOnInterrupt, withTemporaryFolder } from '../support/temporary.ts';
import { table } from './marshal/report.ts';
import { cases } from './solve/cases.ts';
import { startOurs, startReference } from './solve/contenders.ts';
import { type Figures, measureCase, type Row } from './solve/measure.ts';

const { values: flags } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  options: {
    case: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    'no-reference': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

exitOnInterrupt();

if (flags.help) {
  console.log(`pnpm bench [flags]
  --case NAME      only this case (repeatable): ${[...cases.map(({ name }) => name), 'marshal'].join(', ')}
  --runs N         builds from an empty store of each case; medians are shown (3)
  --json FILE      the figures as JSON
  --no-reference   only our side`);
  process.exit(0);
}

const missing = flags['no-reference'] ? 'not asked for' : whyMissing('reference-daemon');
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}`);
if (missing !== undefined) console.log(`without BuildKit beside: ${missing}`);

const rows: Row[] = [];
const sides = missing === undefined ? [startOurs, startReference] : [startOurs];
for (const one of cases.filter(({ name }) => flags.case?.includes(name) ?? true)) {
  console.log(`\n${one.name}: ${one.about}`);
  const measured = await withTemporaryFolder((folder) => measureCase(one, sides, Number(flags.runs), folder));
  rows.push(...measured);
  console.log(table([headings(), ...measured.map(cells)]));
}
if (flags.json)
  writeFileSync(
    flags.json,
    `${JSON.stringify({ date: new Date().toISOString(), machine, rows }, undefined, 1)}\n`,
  );

if (flags.case?.includes('marshal') ?? true) {
  console.log('\nmarshal: the language beside Go’s client');
  spawnSync(process.execPath, [...process.execArgv, join(import.meta.dirname, 'marshal/main.ts')], {
    stdio: 'inherit',
  });
}

function headings(): string[] {
  return ['build', 'BuildKit', 'llb-ts', '', 'its steps: BuildKit', 'llb-ts', '', 'peak: BuildKit', 'llb-ts'];
}

function cells({ phase, ours, reference }: Row): string[] {
  const pair = (of: (figures: Figures) => number, unit: string, digits: number) => [
    reference ? `${of(reference).toFixed(digits)} ${unit}` : '',
    `${of(ours).toFixed(digits)} ${unit}`,
  ];
  const times = (of: (figures: Figures) => number) =>
    reference && of(ours) > 0 && of(reference) > 0 ? `${(of(reference) / of(ours)).toFixed(1)}×` : '';
  return [
    phase,
    ...pair(({ wall }) => wall, 'ms', 0),
    times(({ wall }) => wall),
    ...pair(({ steps }) => steps, 'ms', 1),
    times(({ steps }) => steps),
    ...pair(({ peak }) => peak, 'MiB', 0),
  ];
}

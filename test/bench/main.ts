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

const PARTS = ['solve', 'exec', 'image', 'marshal'];

const { values: flags, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
  options: {
    case: { type: 'string', multiple: true },
    runs: { type: 'string' },
    json: { type: 'string' },
    'no-reference': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

exitOnInterrupt();

if (flags.help) {
  console.log(`pnpm bench [PART] [flags]
  PART             only this part: ${PARTS.join(', ')}
  --case NAME      only this case of solve (repeatable): ${cases.map(({ name }) => name).join(', ')}
  --runs N         builds of each case; medians are shown (solve and image: 3, from an empty store each; exec: 9)
  --json FILE      the figures of solve as JSON
  --no-reference   only our side`);
  process.exit(0);
}

const unknown = positionals.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`error: there is no part "${unknown}", only ${PARTS.join(', ')}`);
  process.exit(2);
}
// A case names its part.
const parts = positionals.length > 0 ? positionals : flags.case ? ['solve'] : PARTS;

const missing = flags['no-reference'] ? 'not asked for' : whyMissing('reference-daemon');
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.version}`;
console.log(`${new Date().toISOString().slice(0, 10)}, ${machine}`);
if (missing !== undefined) console.log(`without BuildKit beside: ${missing}`);

const rows: Row[] = [];
const sides = missing === undefined ? [startOurs, startReference] : [startOurs];
const chosen = parts.includes('solve') ? cases : [];
for (const one of chosen.filter(({ name }) => flags.case?.includes(name) ?? true)) {
  console.log(`\n${one.name}: ${one.about}`);
  const measured = await withTemporaryFolder((folder) =>
    measureCase(one, sides, Number(flags.runs ?? 3), folder),
  );
  rows.push(...measured);
  console.log(table([headings(), ...measured.map(cells)]));
}
if (flags.json)
  writeFileSync(
    flags.json,
    `${JSON.stringify({ date: new Date().toISOString(), machine, rows }, undefined, 1)}\n`,
  );

const passed = [
  ...(flags.runs === undefined ? [] : ['--runs', flags.runs]),
  ...(flags['no-reference'] ? ['--no-reference'] : []),
];
if (parts.includes('exec')) {
  console.log('\nexec: what steps cost');
  runPart('exec', passed);
}
if (parts.includes('image')) {
  console.log('\nimage: pull, export and push of 20,000 files and 300 MB');
  runPart('image', passed);
}
if (parts.includes('marshal')) {
  console.log('\nmarshal: the language beside Go’s client');
  runPart('marshal', []);
}

/** A part that is a program of its own. */
function runPart(name: string, args: readonly string[]): void {
  const program = join(import.meta.dirname, name, 'main.ts');
  const { status } = spawnSync(process.execPath, [...process.execArgv, program, ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
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

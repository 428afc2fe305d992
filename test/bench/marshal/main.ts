/**
 * How long marshaling takes beside BuildKit's Go client: both sides make the same graphs, in processes of their own,
 * one after the other. The start of a process is not counted.
 *
 *     node --conditions=llb-ts-source --import=tsx test/bench/marshal/main.ts
 *
 * Without Go only our side is measured.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { ms, type Report, ratio, table, timing, together } from './report.ts';
import type { Shape } from './shapes.ts';

interface Case {
  readonly shape: Shape;
  readonly size: number;
  readonly runs: number;
  /** Runs of the Go client; 0 where it would take minutes. */
  readonly goRuns: number;
}

const cases: readonly Case[] = [
  { shape: 'chain', size: 1_000, runs: 21, goRuns: 21 },
  { shape: 'chain', size: 10_000, runs: 7, goRuns: 2 },
  { shape: 'merge', size: 10_000, runs: 7, goRuns: 7 },
  { shape: 'chain', size: 100_000, runs: 1, goRuns: 0 },
  { shape: 'merge', size: 100_000, runs: 1, goRuns: 1 },
];

await withTemporaryFolder(async (folder) => {
  const go = buildGo(folder);
  const rows = [
    ['graph', 'what', 'Go cold', 'ours cold', '', 'Go warm', 'ours warm', '', 'Go peak', 'our peak'],
  ];
  for (const { shape, size, runs, goRuns } of cases) {
    const theirs = go && goRuns > 0 ? measure(go, [shape, String(size), String(goRuns)]) : undefined;
    const ours = measure(process.execPath, [
      ...process.execArgv,
      join(import.meta.dirname, 'measure.ts'),
      ...[shape, String(size), String(runs)],
    ]);
    if (theirs && theirs.head !== ours.head) throw new Error(`${shape} of ${size}: the digests differ`);
    const name = `${shape} of ${size.toLocaleString('en')}`;
    rows.push(row(name, 'marshal', theirs, ours, (report) => report.marshal));
    rows.push(row('', 'make and marshal', theirs, ours, together));
  }
  process.stdout.write(`${table(rows)}\n`);
});

function row(
  name: string,
  what: string,
  theirs: Report | undefined,
  ours: Report,
  runs: (report: Report) => readonly number[],
): string[] {
  const our = timing(runs(ours));
  const their = theirs && timing(runs(theirs));
  const pair = (kind: 'cold' | 'warm') => [
    their ? ms(their[kind]) : '-',
    ms(our[kind]),
    their ? ratio(their[kind], our[kind]) : '',
  ];
  const peak = (report: Report | undefined) => (report ? `${report.peakMiB.toFixed(0)} MiB` : '-');
  return [name, what, ...pair('cold'), ...pair('warm'), ...(name ? [peak(theirs), peak(ours)] : ['', ''])];
}

function buildGo(folder: string): string | undefined {
  const program = join(folder, 'marshalbench');
  const built = spawnSync('go', ['build', '-o', program, './cmd/marshalbench'], {
    cwd: join(import.meta.dirname, '../../golden/reference'),
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? 'auto' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (built.error) process.stdout.write('No Go was found: only our side is measured.\n');
  return built.status === 0 ? program : undefined;
}

function measure(program: string, args: readonly string[]): Report {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout) as Report;
}

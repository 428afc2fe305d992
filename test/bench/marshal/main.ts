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
  /** Runs of each process. */
  readonly runs: number;
  /** Processes, one after the other, Go's and ours in turn. */
  readonly processes: number;
  /** The same for the Go client, where it would take minutes. */
  readonly go?: { readonly runs: number; readonly processes: number };
}

const cases: readonly Case[] = [
  { shape: 'chain', size: 1_000, runs: 15, processes: 5 },
  { shape: 'chain', size: 10_000, runs: 5, processes: 3, go: { runs: 2, processes: 1 } },
  { shape: 'merge', size: 10_000, runs: 5, processes: 3 },
  { shape: 'chain', size: 100_000, runs: 1, processes: 1, go: { runs: 0, processes: 0 } },
  { shape: 'merge', size: 100_000, runs: 1, processes: 1 },
];

await withTemporaryFolder(async (folder) => {
  const go = buildGo(folder);
  const rows = [
    ['graph', 'what', 'Go cold', 'ours cold', '', 'Go warm', 'ours warm', '', 'Go peak', 'our peak'],
  ];
  for (const one of cases) {
    const [theirs, ours] = measureBoth(go, one);
    const name = `${one.shape} of ${one.size.toLocaleString('en')}`;
    rows.push(row(name, 'marshal', theirs, ours, ({ marshal }) => marshal));
    rows.push(row('', 'its CPU time', theirs, ours, ({ cpu }) => cpu));
    rows.push(row('', 'make and marshal', theirs, ours, together));
  }
  process.stdout.write(`${table(rows)}\n`);
});

/** In turns, so that a busy moment of the machine meets both. */
function measureBoth(go: string | undefined, one: Case): [theirs: Report[], ours: Report[]] {
  const { shape, size, runs, processes } = one;
  const theirShare = one.go ?? { runs, processes };
  const theirs: Report[] = [];
  const ours: Report[] = [];
  for (let i = 0; i < processes; i++) {
    if (go && i < theirShare.processes)
      theirs.push(measure(go, [shape, String(size), String(theirShare.runs)]));
    const program = join(import.meta.dirname, 'measure.ts');
    ours.push(measure(process.execPath, [...process.execArgv, program, shape, String(size), String(runs)]));
  }
  const heads = new Set([...theirs, ...ours].map(({ head }) => head));
  if (heads.size > 1) throw new Error(`${shape} of ${size}: the digests differ`);
  return [theirs, ours];
}

function row(
  name: string,
  what: string,
  theirs: readonly Report[],
  ours: readonly Report[],
  runs: (report: Report) => readonly number[],
): string[] {
  const our = timing(ours.map(runs));
  const their = timing(theirs.map(runs));
  const pair = (kind: 'cold' | 'warm') =>
    theirs.length > 0
      ? [ms(their[kind]), ms(our[kind]), ratio(their[kind], our[kind])]
      : ['-', ms(our[kind]), ''];
  return [name, what, ...pair('cold'), ...pair('warm'), ...(name ? [peak(theirs), peak(ours)] : ['', ''])];
}

function peak(reports: readonly Report[]): string {
  if (reports.length === 0) return '-';
  return `${Math.max(...reports.map(({ peakMiB }) => peakMiB)).toFixed(0)} MiB`;
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

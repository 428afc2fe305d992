/** `pnpm conformance`: solves all cases and prints a table. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { buildctl, llbTs, type Solver } from '../support/solvers.ts';
import { withTemporaryFolder } from '../support/temporary.ts';
import { readFlags } from './arguments.ts';
import { check, checkImage, inParallel, type Verdict } from './check.ts';
import { corpusCases } from './corpus.ts';
import { type Case, ownCases } from './load.ts';

const USAGE = `pnpm conformance [flags]
  --suite S       only this suite (repeatable; they are solved in the order in which they are named)
  --case TEXT     only cases with TEXT in their name
  --corpus DIR    the cases of that folder instead of our own (default: LLB_TS_CORPUS)
  --images        export images instead of trees, of the cases whose image is known
  --no-exec       leave out cases that run processes
  --no-images     leave out cases that need images of a registry
  --reference     ask the BuildKit at BUILDKIT_HOST through buildctl instead of llb-ts
  --addr ADDR     llb-ts, but on the BuildKit there
  --executor NAME what runs processes: crun, runc, sandbox (default: what is found)
  --jobs N        at once (2)
  --verbose       a line for every case`;

const flags = readFlags(USAGE);
const corpus = flags.corpus ?? process.env.LLB_TS_CORPUS;

await withTemporaryFolder(async (folder) => {
  const stopRegistry = corpus === undefined ? () => {} : await startRegistry(resolve(corpus), folder);
  try {
    const cases = await chosenCases(folder);
    if (cases.length === 0) throw new Error('no case was chosen');
    const verdicts = await solveAll(solverFor(folder), cases);
    printTable(verdicts);
    process.exitCode = verdicts.every((verdict) => verdict.passed) ? 0 : 1;
  } finally {
    stopRegistry();
  }
});

async function chosenCases(folder: string): Promise<readonly Case[]> {
  const filter = { exec: !flags['no-exec'], images: !flags['no-images'] };
  const all =
    corpus === undefined
      ? await ownCases(join(folder, 'locals'))
      : corpusCases(resolve(corpus), await unpackLocals(resolve(corpus), folder), filter);
  const chosen = all.filter(
    ({ suite, name, expectedImage }) =>
      (!flags.images || expectedImage !== undefined) &&
      (flags.suite === undefined || flags.suite.includes(suite)) &&
      `${suite}/${name}`.includes(flags.case ?? ''),
  );
  const rank = ({ suite }: Case) => flags.suite?.indexOf(suite) ?? 0;
  return chosen.sort((a, b) => rank(a) - rank(b));
}

function solverFor(folder: string): Solver {
  if (flags.reference) return buildctl();
  return flags.addr === undefined
    ? llbTs({
        stateDir: join(folder, 'state'),
        ...(flags.executor !== undefined && { executor: flags.executor }),
      })
    : llbTs({ address: flags.addr });
}

async function solveAll(solver: Solver, cases: readonly Case[]): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  await inParallel(Number(flags.jobs), cases, async (one) => {
    const verdict = await (flags.images ? checkImage : check)(solver, one).catch(
      (error: Error): Verdict => ({ case: one, passed: false, lines: [error.message], took: 0 }),
    );
    verdicts.push(verdict);
    if (verdict.passed && !flags.verbose) return;
    const shown = verdict.lines.slice(0, 6).join('; ').replaceAll('\n', ' | ');
    console.log(`${verdict.passed ? 'pass' : 'FAIL'} ${one.suite}/${one.name}: ${shown || one.about}`);
  });
  return verdicts;
}

function printTable(verdicts: readonly Verdict[]): void {
  const suites = [...new Set(verdicts.map((verdict) => verdict.case.suite))].sort();
  const rows = suites.map((suite) =>
    rowOf(
      suite,
      verdicts.filter((verdict) => verdict.case.suite === suite),
    ),
  );
  console.log(
    `\n${'suite'.padEnd(14)}${'passed'.padStart(10)}${'cases'.padStart(8)}${'seconds'.padStart(10)}`,
  );
  for (const row of [...rows, rowOf('all', verdicts)]) console.log(row);
}

function rowOf(name: string, verdicts: readonly Verdict[]): string {
  const passed = verdicts.filter((verdict) => verdict.passed).length;
  const seconds = verdicts.reduce((total, verdict) => total + verdict.took, 0) / 1000;
  const cells = [
    String(passed).padStart(10),
    String(verdicts.length).padStart(8),
    seconds.toFixed(1).padStart(10),
  ];
  return name.padEnd(14) + cells.join('');
}

/** Folders whose times and modes matter travel as an archive. */
async function unpackLocals(root: string, folder: string): Promise<string> {
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  const archive = join(root, 'locals.tar');
  if (!existsSync(archive)) return unpacked;
  const { status, stderr } = await run('tar', ['-xf', archive, '-C', unpacked]);
  if (status !== 0) throw new Error(`locals.tar cannot be unpacked: ${stderr}`);
  return unpacked;
}

/** Serves `registry/` of a corpus on 127.0.0.1:5000, where its definitions look, unless somebody does already. */
async function startRegistry(root: string, folder: string): Promise<() => void> {
  const storage = join(root, 'registry');
  const program = findProgram('docker-registry');
  if (flags['no-images'] || !existsSync(storage) || (await answers(5000))) return () => {};
  if (!program) throw new Error('the corpus has images: docker-registry is needed, or --no-images');
  const config = join(folder, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\nhttp:\n  addr: 127.0.0.1:5000\n`,
  );
  const registry = spawn(program, ['serve', config], { stdio: 'ignore' });
  for (let tries = 0; tries < 100 && !(await answers(5000)); tries++) await sleep(100);
  return () => registry.kill();
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

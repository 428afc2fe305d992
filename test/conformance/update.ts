/**
 * `pnpm conformance:update`: asks the reference BuildKit (BUILDKIT_HOST) what every own case comes to; with `--images`, as an
 * image.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { whyMissing } from '../support/requirements.ts';
import { buildctl } from '../support/solvers.ts';
import { withTemporaryFolder } from '../support/temporary.ts';
import { isFailure, type Outcome, outcomeDifferences } from '../support/tree.ts';
import { readFlags } from './arguments.ts';
import { inParallel } from './check.ts';
import { type Case, expectedFile, fileCases, ownCases } from './load.ts';
import { updatePlatformCases } from './platforms/update.ts';
import { updateImages } from './update-images.ts';
import { withoutHostPaths } from './without-host-paths.ts';

const flags = readFlags('pnpm conformance:update [--images] [--suite S] [--jobs N]');
const missing = whyMissing('reference-buildkit');
if (missing !== undefined) {
  console.error(`nobody to ask: ${missing}`);
  process.exit(3);
}
// Nothing from the daemon's cache: expectations are those of a first build.
const reference = buildctl(undefined, ['--no-cache']);

await withTemporaryFolder(async (folder) => {
  // The root of processes is made of this machine's busybox: its layers are other ones elsewhere.
  const load = flags.images ? fileCases : ownCases;
  const cases = (await load(join(folder, 'locals'))).filter(
    ({ suite }) => suite !== 'found' && (flags.suite === undefined || flags.suite.includes(suite)),
  );
  if (flags.images) {
    await updateImages(cases, { reference, jobs: Number(flags.jobs), say: (line) => console.log(line) });
    return;
  }
  const outcomes = new Map<Case, Outcome>();
  await inParallel(Number(flags.jobs), cases, async (one) => {
    outcomes.set(one, withoutHostPaths(await stableOutcome(one)));
  });
  for (const suite of new Set(cases.map((one) => one.suite))) {
    const members = cases.filter((one) => one.suite === suite);
    write(
      suite,
      members.map((one) => [one.name, outcomes.get(one)!]),
    );
  }
});

if (!flags.images && (flags.suite === undefined || flags.suite.includes('platforms'))) {
  await updatePlatformCases(process.env.BUILDKIT_HOST ?? '');
}

/** Solved twice, since a tree that depends on chance must not be checked in. */
async function stableOutcome(one: Case): Promise<Outcome> {
  const first = await reference.solve(one.definition, one.inputs);
  const second = await reference.solve(one.definition, one.inputs);
  const differences = outcomeDifferences(first, second);
  if (differences.length > 0)
    throw new Error(`${one.suite}/${one.name} is not stable: ${differences.join('; ')}`);
  if (one.expected !== undefined) {
    const changed = outcomeDifferences(one.expected, first);
    if (changed.length > 0)
      console.log(`changed: ${one.suite}/${one.name}: ${changed.slice(0, 4).join('; ')}`);
  }
  return first;
}

/** One line an entry, so that a change is seen as the lines that it changes. */
function write(suite: string, outcomes: readonly (readonly [string, Outcome])[]): void {
  const text = outcomes.map(([name, outcome]) => {
    const key = JSON.stringify(name);
    if (isFailure(outcome)) return `${key}: ${JSON.stringify(outcome)}`;
    return outcome.length === 0
      ? `${key}: []`
      : `${key}: [\n${outcome.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`;
  });
  mkdirSync(dirname(expectedFile(suite)), { recursive: true });
  writeFileSync(expectedFile(suite), `{\n${text.join(',\n')}\n}\n`);
  console.log(`${suite}: ${outcomes.length} cases`);
}

/** `pnpm conformance:fuzz`: random graphs, solved here and by the reference BuildKit at BUILDKIT_HOST. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { whyMissing } from '../../support/requirements.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { readFlags } from '../arguments.ts';
import { FOUND, type FoundCase } from '../load.ts';
import { comparing } from './compare.ts';
import { search } from './search.ts';

const flags = readFlags(`pnpm conformance:fuzz [--seed N] [--count M] [--minutes M]
  --seed N      begin of the random numbers; the same seed makes the same graphs (default: by the clock)
  --count M     how many graphs (100)
  --minutes M   stop after that time (10)
A graph that differs is made smaller and saved as a case in test/conformance/found/.`);

const missing = whyMissing('reference-buildkit');
if (missing !== undefined) {
  console.error(`nothing to compare with: ${missing}`);
  process.exit(3);
}
const seed = flags.seed === undefined ? Date.now() % 0x7fffffff : Number(flags.seed);
const count = Number(flags.count);
console.log(`seed ${seed}, ${count} graphs`);

await withTemporaryFolder(async (folder) => {
  const started = performance.now();
  const result = await search(comparing(join(folder, 'state')), {
    seed,
    count,
    timeLimit: Number(flags.minutes) * 60_000,
    onPlan: (done) => {
      if (done % 50 === 0) console.log(`${done} graphs, ${seconds(started)} s`);
    },
  });
  const summary = `${result.compared} graphs compared, ${result.refused} of them refused by both, in ${seconds(started)} s`;
  if (result.found === undefined) return console.log(`${summary}: no difference`);
  const { plan, expected, differences } = result.found;
  const found: FoundCase = { about: differences[0] ?? '', plan, expected };
  const text = `${JSON.stringify(found, undefined, 1)}\n`;
  const file = join(
    FOUND,
    `${createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 12)}.json`,
  );
  mkdirSync(FOUND, { recursive: true });
  writeFileSync(file, text);
  console.log(`${JSON.stringify(plan, undefined, 1)}\n${differences.join('\n')}`);
  console.log(`\n${summary}, then a difference; saved as ${relative(process.cwd(), file)}`);
  process.exitCode = 1;
});

function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(0);
}

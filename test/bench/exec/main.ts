/**
 * Cost of steps: builds of steps that do almost nothing, with every executor that is here, beside `buildctl` on a running
 * buildkitd with runc, in turns; and a runtime alone.
 *
 *     node --conditions=llb-ts-source --import=tsx test/bench/exec/main.ts [--runs N] [--no-reference]
 */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { marshal } from '@llb-ts/marshal';
import { whyMissing } from '../../support/requirements.ts';
import { exitOnInterrupt, withTemporaryFolder } from '../../support/temporary.ts';
import { ratio, table } from '../marshal/report.ts';
import { withFreshFilesystem } from '../solve/fresh-filesystem.ts';
import { bareRuntime } from './bare-runtime.ts';
import { box, cases, type ExecCase } from './cases.ts';
import { type ExecContender, REFERENCE, startContenders } from './contenders.ts';
import { inTurns, type Times } from './turns.ts';

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, 'no-reference': { type: 'boolean', default: false } },
});
const runs = Number(flags.runs);
const BUSYBOX = '/bin/busybox';

exitOnInterrupt();

const lacking = (['root', 'overlay', 'busybox'] as const).map(whyMissing).find((why) => why !== undefined);
if (lacking !== undefined) {
  console.log(`left out: ${lacking}`);
} else {
  await withTemporaryFolder(async (folder) => {
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    copyFileSync(BUSYBOX, join(tools, 'busybox'));
    chmodSync(join(tools, 'busybox'), 0o755);
    await measureAll(tools);
  });
}

async function measureAll(tools: string): Promise<void> {
  const withReference = !flags['no-reference'] && whyMissing('reference-daemon') === undefined;
  const seen: { readonly one: ExecCase; readonly times: Times }[] = [];
  for (const one of cases) {
    await withFreshFilesystem(async (stores) => {
      const contenders = await startContenders({ withReference, stores, tools });
      try {
        seen.push({ one, times: await measureCase(one, contenders) });
      } finally {
        for (const contender of contenders) await contender.stop();
      }
    });
  }
  console.log(table([['build', 'with', 'min', 'median', 'BuildKit ÷ it', 'a step'], ...rowsOf(seen)]));
  await withTemporaryFolder(measureBare);
}

async function measureCase(one: ExecCase, contenders: readonly ExecContender[]): Promise<Times> {
  const root = (await marshal(box())).write();
  for (const contender of contenders) await contender.build(root);
  return inTurns(
    contenders.map(({ name, build }) => ({
      name,
      run: async (turn) => build((await marshal(one.build(`t${turn}`))).write()),
    })),
    runs,
  );
}

async function measureBare(folder: string): Promise<void> {
  const programs = (['crun', 'runc'] as const).filter((name) => whyMissing(name) === undefined);
  const bare = programs.map((name) => bareRuntime(name, join(folder, name), BUSYBOX));
  const times = await inTurns(bare, runs);
  const rows = [...times].map(([name, { min, median }]) => [name, ms(min), ms(median)]);
  console.log(`\n${table([['a runtime alone', 'min', 'median'], ...rows])}`);
}

function rowsOf(seen: readonly { readonly one: ExecCase; readonly times: Times }[]): string[][] {
  const idle = seen.find(({ one }) => one.steps === 0)?.times;
  return seen.flatMap(({ one, times }) => {
    const reference = times.get(REFERENCE)?.median;
    return [...times].map(([name, { min, median }], at) => {
      const alone = idle?.get(name)?.median;
      return [
        at === 0 ? one.about : '',
        name,
        ms(min),
        ms(median),
        reference === undefined || name === REFERENCE ? '' : ratio(reference, median),
        one.steps > 0 && alone !== undefined ? ms((median - alone) / one.steps) : '',
      ];
    });
  });
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

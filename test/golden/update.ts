/**
 * `pnpm golden:update [--check]`: the random recipe from its seed, every expected.json and the list of Go names from
 * the reference module. With --check nothing is written and a stale file is a failure.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { randomRecipe } from './generate/recipe.ts';
import { go } from './go.ts';

const here = import.meta.dirname;
const check = process.argv.includes('--check');
const randomPath = join(here, 'graphs/random/recipe.json');
const namesPath = join(here, 'go-llb-api.txt');

process.exitCode = main();

function main(): number {
  if (spawnSync('go', ['version']).status !== 0) return withoutGo();
  let stale = 0;
  stale += refreshRandomRecipe();
  const golden = go(['run', './cmd/golden', ...(check ? ['-check'] : []), '../graphs']);
  if (golden.status !== 0) stale++;
  stale += refreshNames();
  return stale === 0 ? 0 : 1;
}

/** Files cannot be checked without Go: a failure only where everything is demanded. */
function withoutGo(): number {
  const demanded = process.env.LLB_TS_REQUIRE ?? '';
  const needed = !check || demanded === 'all' || demanded.split(',').includes('go');
  process.stderr.write(`golden: ${needed ? 'Go is needed and was not found' : 'skipped, no Go was found'}\n`);
  return needed ? 1 : 0;
}

/** Compared as data: how it is laid out is the formatter's business. */
function refreshRandomRecipe(): number {
  const recipe = randomRecipe();
  if (isDeepStrictEqual(JSON.parse(readFileSync(randomPath, 'utf8')), JSON.parse(JSON.stringify(recipe))))
    return 0;
  if (check) return report(randomPath);
  writeFileSync(randomPath, JSON.stringify(recipe));
  const biome = join(here, '../../node_modules/.bin/biome');
  return spawnSync(biome, ['format', '--write', randomPath], { stdio: 'inherit' }).status === 0 ? 0 : 1;
}

function refreshNames(): number {
  const { status, stdout } = go(['run', './cmd/apinames'], 'returned');
  if (status !== 0) return 1;
  if (stdout === readFileSync(namesPath, 'utf8')) return 0;
  if (check) return report(namesPath);
  writeFileSync(namesPath, stdout);
  return 0;
}

function report(path: string): number {
  process.stderr.write(`golden: ${path} is stale; run pnpm golden:update\n`);
  return 1;
}

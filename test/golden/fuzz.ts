/**
 * More random graphs than are checked in, made by both sides and compared: `fuzz.ts [SEED] [COUNT]`. Without a seed, one
 * of the clock. A difference is printed with its graph; the seed makes it again. Needs Go.
 *
 *     node --conditions=llb-ts-source --import=tsx test/golden/fuzz.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { withTemporaryFolder } from '../support/temporary.ts';
import { type Description, describeDefinition } from './describe.ts';
import type { Graph, Recipe } from './generate/expression.ts';
import { recipeOf } from './generate/recipe.ts';
import { go } from './go.ts';
import { runGraph } from './interpret/run.ts';

interface Expected extends Partial<Description> {
  readonly error?: string;
}

const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const count = Number(process.argv[3] ?? 1000);

process.exitCode = await withTemporaryFolder(async (folder) => {
  const recipe = recipeOf(seed, count);
  const expected = goOutcomes(folder, recipe);
  let different = 0;
  for (const [index, graph] of recipe.graphs.entries()) {
    const problem = await difference(recipe, graph, expected[index]);
    if (problem === undefined) continue;
    different++;
    process.stdout.write(`${graph.name}: ${problem}\n${JSON.stringify(graph)}\n\n`);
  }
  process.stdout.write(`seed ${seed}: ${different} of ${count} graphs differ\n`);
  return different === 0 ? 0 : 1;
});

function goOutcomes(folder: string, recipe: Recipe): readonly Expected[] {
  const graphs = join(folder, 'fuzz');
  mkdirSync(graphs);
  writeFileSync(join(graphs, 'recipe.json'), JSON.stringify(recipe));
  if (go(['run', './cmd/golden', folder]).status !== 0) throw new Error('the Go side failed');
  return JSON.parse(readFileSync(join(graphs, 'expected.json'), 'utf8')) as readonly Expected[];
}

async function difference(recipe: Recipe, graph: Graph, want: Expected = {}): Promise<string | undefined> {
  const { definition, error } = await runGraph(recipe, graph);
  if (want.error !== undefined) {
    return error ? undefined : `llb-ts takes what Go refuses: ${want.error}`;
  }
  if (error) return `llb-ts refuses it: ${error.message}`;
  const made = definition && describeDefinition(definition.message);
  const { ops = [], infos = null } = want;
  if (isDeepStrictEqual(made, { ops, infos })) return undefined;
  const first = ops.findIndex((op, index) => !isDeepStrictEqual(op, made?.ops[index]));
  return first < 0 ? 'source maps differ' : `op ${first} differs`;
}

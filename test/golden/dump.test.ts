import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProgram, requires } from '../support/requirements.ts';
import { describeMetadata } from './describe.ts';
import type { Graph, Recipe } from './generate/expression.ts';
import { runGraph } from './interpret/run.ts';

/** One line of `buildctl debug dump-llb`. */
interface DumpedOp {
  readonly Digest: string;
  readonly OpMetadata: {
    readonly ignore_cache?: boolean;
    readonly description?: Readonly<Record<string, string>>;
    readonly caps?: Readonly<Record<string, boolean>>;
  };
}

/** Every 23rd graph of all: about thirty, of every concern. */
const step = 23;

requires('buildctl')('definitions as the real buildctl reads them', () => {
  for (const { title, recipe, graph } of sample()) {
    test(title, async () => {
      const { definition, error } = await runGraph(recipe, graph);
      if (error) throw error;
      if (!definition) throw new Error('the graph was not marshaled');
      const dumped = dump(definition.write());

      expect(dumped.map(({ Digest }) => Digest)).toEqual(
        [...definition.entries.map(({ digest }) => digest), definition.digest].filter((digest) => digest),
      );
      for (const { Digest, OpMetadata } of dumped) {
        const ours = definition.message.metadata[Digest];
        const { ignoreCache, description, caps } = ours ? describeMetadata(ours) : { caps: [] };
        expect(OpMetadata.ignore_cache).toBe(ignoreCache);
        expect(OpMetadata.description).toEqual(description);
        expect(Object.keys(OpMetadata.caps ?? {}).sort()).toEqual(caps);
      }
    });
  }
});

function dump(definition: Uint8Array): readonly DumpedOp[] {
  const { status, stdout, stderr } = spawnSync(findProgram('buildctl') ?? '', ['debug', 'dump-llb'], {
    input: definition,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`buildctl refuses the definition: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DumpedOp);
}

function sample(): { readonly title: string; readonly recipe: Recipe; readonly graph: Graph }[] {
  const folder = join(import.meta.dirname, 'graphs');
  return readdirSync(folder)
    .flatMap((concern) => {
      const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, concern, file), 'utf8'));
      const recipe = read('recipe.json') as Recipe;
      const expected = read('expected.json') as readonly { readonly ops?: unknown }[];
      return recipe.graphs
        .filter((graph, index) => expected[index]?.ops !== undefined && graph.refused === undefined)
        .map((graph) => ({ title: `${concern}: ${graph.name}`, recipe, graph }));
    })
    .filter((_, index) => index % step === 0);
}

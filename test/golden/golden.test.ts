import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LlbError } from '@llb-ts/llb';
import { decodeOp } from '@llb-ts/pb';
import { describe, expect, test } from 'vitest';
import { type DescribedInfo, type DescribedOp, type Description, describeDefinition } from './describe.ts';
import type { Recipe } from './generate/expression.ts';
import { runGraph } from './interpret/run.ts';

interface Expected {
  readonly name: string;
  /** The Go client's error for the graph. */
  readonly error?: string;
  readonly ops?: readonly DescribedOp[];
  readonly infos?: readonly DescribedInfo[] | null;
  readonly observed?: readonly unknown[];
}

const folder = join(import.meta.dirname, 'graphs');

for (const concern of readdirSync(folder)) {
  const recipe = readJSON<Recipe>(concern, 'recipe.json');
  const expected = readJSON<readonly Expected[]>(concern, 'expected.json');

  describe(`${concern}, as BuildKit's client makes it`, () => {
    test('every graph has its outcome', () => {
      expect(expected.map(({ name }) => name)).toEqual(recipe.graphs.map(({ name }) => name));
    });

    for (const [index, graph] of recipe.graphs.entries()) {
      test(graph.name, async () => {
        const want = expected[index];
        const outcome = await runGraph(recipe, graph);
        if (want?.error !== undefined) {
          expect(outcome.error?.message).toContain(graph.says ?? want.error);
          return;
        }
        if (graph.refused !== undefined) {
          expect(outcome.error).toBeInstanceOf(LlbError);
          return;
        }
        if (outcome.error) throw outcome.error;
        if (want?.ops) {
          const made = outcome.definition && describeDefinition(outcome.definition.message);
          const { ops, infos = null } = want;
          // First in words, because bytes that differ say little.
          expect(made && readable(made)).toEqual(readable({ ops, infos }));
          expect(made).toEqual({ ops, infos });
        }
        expect(outcome.observed).toEqual(want?.observed);
      });
    }
  });
}

/** Ops in words and without digests: one difference deep in a graph would else show in every op above it. */
function readable({ ops, infos }: Description): unknown {
  const place = new Map(ops.map(({ digest }, index) => [digest, `op ${index}`]));
  return {
    ops: ops.map(({ bytes, metadata, locations }) => {
      const { inputs, ...op } = decodeOp(Buffer.from(bytes, 'base64'));
      const named = inputs.map(({ digest, index }) => `${place.get(digest) ?? digest}, output ${index}`);
      return { inputs: named, ...op, metadata, locations };
    }),
    infos,
  };
}

function readJSON<T>(concern: string, file: string): T {
  return JSON.parse(readFileSync(join(folder, concern, file), 'utf8')) as T;
}

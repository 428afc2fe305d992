import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Expression, Recipe } from './generate/expression.ts';
import { randomRecipe } from './generate/recipe.ts';
import { notInRecipes } from './not-in-recipes.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');

const recipes = readdirSync(join(import.meta.dirname, 'graphs')).map((concern) => ({
  concern,
  recipe: JSON.parse(read(`graphs/${concern}/recipe.json`)) as Recipe,
}));

describe('the recipes', () => {
  const names = read('go-llb-api.txt').trim().split('\n');
  const used = usedNames();
  const unused = names.filter((name) => !used.has(name.split(' ')[1] ?? ''));

  test('use every name of the Go client, but for those with a reason', () => {
    expect(unused.filter((name) => !notInRecipes.some(([pattern]) => pattern.test(name)))).toEqual([]);
  });

  test('leave no reason without a name', () => {
    const needed = notInRecipes.filter(([pattern], index) =>
      unused.some((name) => pattern.test(name) && firstFit(name) === index),
    );
    expect(needed).toEqual(notInRecipes);
  });

  test('are at least 300 graphs by hand and 100 random ones', () => {
    const counts = recipes.map(({ concern, recipe }) => ({ concern, graphs: recipe.graphs.length }));
    const random = counts.find(({ concern }) => concern === 'random')?.graphs ?? 0;
    const all = counts.reduce((sum, { graphs }) => sum + graphs, 0);
    expect(random).toBeGreaterThanOrEqual(100);
    expect(all - random).toBeGreaterThanOrEqual(300);
  });

  test('hold the random graphs that their seed gives', () => {
    const checkedIn = recipes.find(({ concern }) => concern === 'random')?.recipe;
    expect(checkedIn).toEqual(JSON.parse(JSON.stringify(randomRecipe())));
  });
});

function firstFit(name: string): number {
  return notInRecipes.findIndex(([pattern]) => pattern.test(name));
}

/** Names that are called, and `Struct.Field` for the fields of records given to a call. */
function usedNames(): ReadonlySet<string> {
  const used = new Set<string>();
  const walk = (value: Expression | undefined, within: string): void => {
    if (Array.isArray(value)) {
      const [name, ...args] = value as readonly Expression[];
      if (typeof name === 'string') used.add(name);
      else walk(name, within);
      for (const arg of args) walk(arg, typeof name === 'string' ? (structOf[name] ?? name) : within);
    } else if (typeof value === 'object' && value !== null) {
      for (const [field, inner] of Object.entries(value)) {
        used.add(`${within}.${field}`);
        walk(inner, structOf[field] ?? within);
      }
    }
  };
  for (const { recipe } of recipes) walk(recipe as unknown as Expression, '');
  return used;
}

/** Calls and fields that hold a struct of another name. */
const structOf: Readonly<Record<string, string>> = {
  WithLinuxResources: 'LinuxResources',
  WithProxy: 'ProxyEnv',
  Header: 'HTTPHeader',
  VerifyPGPSignature: 'HTTPSignatureInfo',
  Mode: 'ChmodOpt',
  User: 'UserOpt',
  Group: 'UserOpt',
};

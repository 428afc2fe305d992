import type { Recipe } from './expression.ts';
import { randomGraph } from './graph.ts';
import { Random } from './random.ts';

/** The recipe of `graphs/random`: 160 graphs of 2 to 25 steps. */
export function randomRecipe(): Recipe {
  return recipeOf(20212, 160);
}

/** Random graphs, small ones first. The same seed gives the same ones. */
export function recipeOf(seed: number, count: number): Recipe {
  const random = new Random(seed);
  const growth = count / 20;
  return {
    options: [['LinuxAmd64'], ['LocalUniqueID', 'golden']],
    graphs: Array.from({ length: count }, (_, index) =>
      randomGraph(random, `random graph ${index + 1}`, 2 + random.below(4 + Math.ceil(index / growth))),
    ),
  };
}

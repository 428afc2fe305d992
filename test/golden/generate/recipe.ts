import type { Recipe } from './expression.ts';
import { randomGraph } from './graph.ts';
import { Random } from './random.ts';

const seed = 20212;

/** The recipe of `graphs/random`: 160 graphs of 2 to 24 steps. */
export function randomRecipe(): Recipe {
  const random = new Random(seed);
  return {
    options: [['LinuxAmd64'], ['LocalUniqueID', 'golden']],
    graphs: Array.from({ length: 160 }, (_, index) =>
      randomGraph(random, `random graph ${index + 1}`, 2 + random.below(4 + Math.ceil(index / 8))),
    ),
  };
}

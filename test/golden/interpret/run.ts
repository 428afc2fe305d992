import type { ConstraintsOpt, State } from '@llb-ts/llb';
import { marshal } from '@llb-ts/marshal';
import type { Definition } from '@llb-ts/pb';
import type { Expression, Graph, Recipe } from '../generate/expression.ts';
import { constraints } from './constraints.ts';
import { definitions, marshaling, plain } from './definitions.ts';
import { Evaluator } from './evaluate.ts';
import { execs } from './execs.ts';
import { files } from './files.ts';
import { graphs } from './graphs.ts';
import { helpers } from './helpers.ts';
import { questions } from './questions.ts';
import { sources } from './sources.ts';
import { states } from './states.ts';
import { Mistake, type Scope } from './term.ts';

/** The result of a graph: the same facts as a graph of `expected.json`. */
export interface Outcome {
  readonly definition?: Definition;
  /** The error of llb-ts for the graph. */
  readonly error?: Error;
  readonly observed?: readonly unknown[];
}

export const vocabulary = {
  now: { ...sources, ...states, ...execs, ...files, ...graphs, ...constraints, ...definitions, ...helpers },
  later: { ...marshaling, ...questions },
};

const evaluator = new Evaluator(vocabulary);

/** Makes a graph with llb-ts, marshals it and asks what the recipe asks. Rejects for a mistake in the recipe. */
export async function runGraph(recipe: Recipe, graph: Graph): Promise<Outcome> {
  try {
    const scope = await bind(graph);
    const definition =
      graph.result === undefined ? undefined : await marshalResult(recipe, graph, graph.result, scope);
    const observed: unknown[] = [];
    for (const question of graph.observe ?? []) observed.push(await observe(question, scope));
    return { ...(definition && { definition }), ...(graph.observe && { observed }) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Mistake) throw error;
    return { error };
  }
}

async function bind(graph: Graph): Promise<Scope> {
  const scope = new Map<string, unknown>();
  for (const [name, expression] of graph.let ?? [])
    scope.set(name, await evaluator.evaluate(expression, scope));
  return scope;
}

async function marshalResult(
  recipe: Recipe,
  graph: Graph,
  result: Expression,
  scope: Scope,
): Promise<Definition> {
  const state = (await evaluator.evaluate(result, scope)) as State;
  const options: ConstraintsOpt[] = [];
  for (const option of [...recipe.options, ...(graph.options ?? [])]) {
    options.push((await evaluator.evaluate(option, scope)) as ConstraintsOpt);
  }
  return marshal(state, { constraints: options });
}

async function observe(question: Expression, scope: Scope): Promise<unknown> {
  try {
    return plain(await evaluator.evaluate(question, scope));
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Mistake) throw error;
    return { error: error.message };
  }
}

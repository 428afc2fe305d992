import type { Expression } from '../generate/expression.ts';

/** A fault of the recipe or of this interpreter, as opposed to one that llb-ts finds in the graph. */
export class Mistake extends Error {}

/** Names that an expression may refer to. */
export type Scope = ReadonlyMap<string, unknown>;

/** A value in the place of the expression that it was computed from. */
export class Computed {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** An expression, some parts of which may have been computed. */
export type Term = Expression | Computed | readonly Term[];

export function isList(term: Term | undefined): term is readonly Term[] {
  return Array.isArray(term);
}

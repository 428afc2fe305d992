/** An expression of the recipe language: see README.md. */
export type Expression =
  | string
  | number
  | boolean
  | null
  | readonly Expression[]
  | { readonly [name: string]: Expression };

export interface Graph {
  readonly name: string;
  readonly let?: readonly (readonly [string, Expression])[];
  readonly result?: Expression;
  readonly options?: readonly Expression[];
  readonly observe?: readonly Expression[];
  readonly refused?: string;
}

export interface Recipe {
  readonly options: readonly Expression[];
  readonly graphs: readonly Graph[];
}

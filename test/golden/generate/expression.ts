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
  /** Why llb-ts refuses what the Go client takes. */
  readonly refused?: string;
  /** The error of llb-ts for a graph that both refuse, if its words differ from Go's. */
  readonly says?: string;
}

export interface Recipe {
  readonly options: readonly Expression[];
  readonly graphs: readonly Graph[];
}

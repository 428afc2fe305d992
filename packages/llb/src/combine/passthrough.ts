import type { Caller } from '../base/call-site.ts';
import { invalid } from '../base/error.ts';
import type { Output, PassthroughVertex } from '../graph/graph.ts';
import { type ConstraintsOpt, constraintsOf, type NoOption } from '../graph/option.ts';
import { passthroughVertex } from '../state/passthrough-vertex.ts';
import { NewState, type State } from '../state/state.ts';

/** An input of a passthrough. */
export interface PassthroughInput {
  readonly state: State;
  /** It is handed through as an output; else it is only waited for. Default: false. */
  readonly output?: boolean;
}

/** A vertex that hands through some of its inputs once all are solved. */
export class PassthroughOp {
  /** The node of the graph. */
  readonly vertex: PassthroughVertex;

  /** @internal Use {@link NewPassthroughOp}. */
  constructor(vertex: PassthroughVertex) {
    this.vertex = vertex;
  }

  /** The first output. `NewState(op.Output())` */
  Output(): Output {
    return this.OutputAt(0);
  }

  /** The output number `index`, counted over the inputs that are outputs. `NewState(op.OutputAt(1))` */
  OutputAt(index: number): Output {
    if (!Number.isInteger(index) || index < 0 || index >= this.vertex.outputs.length) {
      throw invalid(this.OutputAt, `invalid passthrough output ${index}`);
    }
    return Object.freeze({ kind: 'result', vertex: this.vertex, index });
  }
}

/** Waits for all inputs and hands some through. `NewPassthroughOp('id', [{ state: app, output: true }, { state: lint }])` */
export function NewPassthroughOp(
  id: string,
  inputs: readonly PassthroughInput[],
  ...options: readonly (ConstraintsOpt | NoOption)[]
): PassthroughOp {
  const at: Caller = NewPassthroughOp;
  return new PassthroughOp(passthroughVertex(at, id, inputs, constraintsOf(at, options)));
}

/** The first output of {@link NewPassthroughOp} as a State. `NewPassthrough('id', [{ state: app, output: true }])` */
export function NewPassthrough(
  id: string,
  inputs: readonly PassthroughInput[],
  ...options: readonly (ConstraintsOpt | NoOption)[]
): State {
  const at: Caller = NewPassthrough;
  return NewState(new PassthroughOp(passthroughVertex(at, id, inputs, constraintsOf(at, options))).Output());
}

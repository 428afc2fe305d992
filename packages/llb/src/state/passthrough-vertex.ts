import { type Caller, callSiteOf } from '../base/call-site.ts';
import { flag, record, show, text } from '../base/check.ts';
import { invalid } from '../base/error.ts';
import { requireState } from '../graph/brand.ts';
import type { Constraints, Output, PassthroughVertex } from '../graph/graph.ts';

/** A vertex that hands through some inputs and waits for the others. Scratch inputs have nothing to wait for. */
export function passthroughVertex(
  at: Caller,
  id: unknown,
  inputs: readonly unknown[],
  constraints: Constraints,
): PassthroughVertex {
  const kept: Output[] = [];
  const outputs: number[] = [];
  if (!Array.isArray(inputs)) {
    throw invalid(at, `the inputs must be a list of { state, output }, got ${show(inputs)}`);
  }
  for (const [index, input] of inputs.entries()) {
    const what = `input ${index + 1}`;
    const { state, output = false } = record(at, what, ['state', 'output'], input);
    const edge = requireState(at, `the state of ${what}`, state).Output();
    const isOutput = flag(at, `output of ${what}`, output);
    if (!edge) continue;
    if (isOutput) outputs.push(kept.length);
    kept.push(edge);
  }
  if (kept.length === 0) throw invalid(at, 'passthrough must have at least one input');
  if (text(at, 'the id', id) === '') throw invalid(at, 'passthrough requires an id');
  if (outputs.length === 0) {
    throw invalid(at, 'passthrough must have at least one output', 'an empty state cannot require others');
  }
  return Object.freeze({
    kind: 'passthrough',
    id: id as string,
    inputs: Object.freeze(kept),
    outputs: Object.freeze(outputs),
    constraints,
    callSite: callSiteOf(at),
  });
}

import { requireState } from './brand.ts';
import { type Caller, callSiteOf } from './call-site.ts';
import { text } from './check.ts';
import { invalid } from './error.ts';
import type { Constraints, HasState, Output, PassthroughVertex } from './graph.ts';

/** A vertex that hands through some inputs and waits for the others. Scratch inputs have nothing to wait for. */
export function passthroughVertex(
  at: Caller,
  id: unknown,
  inputs: readonly { readonly state: HasState; readonly output?: boolean }[],
  constraints: Constraints,
): PassthroughVertex {
  const kept: Output[] = [];
  const outputs: number[] = [];
  for (const { state, output } of inputs) {
    const edge = requireState(at, 'an input', state).Output();
    if (!edge) continue;
    if (output) outputs.push(kept.length);
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

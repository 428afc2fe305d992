import * as llb from '@llb-ts/llb';
import type { Call } from './call.ts';
import type { Term } from './term.ts';

/** A list of [state expression, whether it is an output]. */
function passthroughInputs(c: Call, i: number): llb.PassthroughInput[] {
  return c.terms(i).map((pair) => {
    const [state, output] = pair as readonly [Term, boolean];
    return { state: c.evaluate<llb.State>(state), output };
  });
}

/** Functions that join states. A handmade vertex is a State at once, except a passthrough, which can have many outputs. */
export const graphs: Readonly<Record<string, (call: Call) => unknown>> = {
  Merge: (c) => llb.Merge(c.list<llb.State>(0), ...c.rest<llb.ConstraintsOpt>(1)),
  Diff: (c) => llb.Diff(c.state(0), c.state(1), ...c.rest<llb.ConstraintsOpt>(2)),

  NewSource: (c) =>
    llb.NewSource(
      c.text(0),
      c.record(1) as Readonly<Record<string, string>>,
      ...c.rest<llb.ConstraintsOpt>(2),
    ),
  'SourceOp.Output': (c) => c.state(0).Output(),

  NewPassthrough: (c) =>
    llb.NewPassthrough(c.text(0), passthroughInputs(c, 1), ...c.rest<llb.ConstraintsOpt>(2)),
  NewPassthroughOp: (c) =>
    llb.NewPassthroughOp(c.text(0), passthroughInputs(c, 1), ...c.rest<llb.ConstraintsOpt>(2)),
  'PassthroughOp.Output': (c) => c.arg<llb.PassthroughOp>(0).Output(),
  'PassthroughOp.OutputAt': (c) => c.arg<llb.PassthroughOp>(0).OutputAt(c.number(1)),

  'llbbuild.Build': (c) => llb.Build(...c.rest<llb.BuildOption>(0)),
  'llbbuild.WithFilename': (c) => llb.WithFilename(c.text(0)),
  'llbbuild.WithConstraints': (c) => llb.WithConstraints(c.arg<llb.ConstraintsOpt>(0)),
};

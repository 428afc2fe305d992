import type { BuildVertex, DiffVertex, MergeVertex, PassthroughVertex } from '@llb-ts/llb';
import { EMPTY_INPUT, LLB_BUILDER, LLB_DEFINITION_INPUT } from '@llb-ts/pb';
import type { Context, Lowered } from './lowered.ts';

/** One op input per merged state, repeats included (`client/llb/merge.go`). */
export function lowerMerge(vertex: MergeVertex, context: Context): Lowered {
  return {
    op: { kind: 'merge', inputs: vertex.inputs.map((_, input) => ({ input })) },
    inputs: vertex.inputs.map((output) => context.input(output)),
    platform: undefined,
    caps: ['mergeop'],
  };
}

/** Two op inputs, even where both are the same; scratch is none (`client/llb/diff.go`). */
export function lowerDiff({ lower, upper }: DiffVertex, context: Context): Lowered {
  const inputs = [lower, upper].flatMap((output) => (output ? [context.input(output)] : []));
  return {
    op: {
      kind: 'diff',
      lower: { input: lower ? 0 : EMPTY_INPUT },
      upper: { input: upper ? inputs.length - 1 : EMPTY_INPUT },
    },
    inputs,
    platform: undefined,
    caps: ['diffop'],
  };
}

/** Inputs that are waited for, some of them handed through (`client/llb/passthrough.go`). */
export function lowerPassthrough({ id, inputs, outputs }: PassthroughVertex, context: Context): Lowered {
  return {
    op: { kind: 'passthrough', id, outputs },
    inputs: inputs.map((output) => context.input(output)),
    platform: undefined,
    caps: ['passthroughop'],
  };
}

/** A definition in a file of the input, to be solved in its place (`client/llb/llbbuild/llbbuild.go`). */
export function lowerBuild({ source, filename, constraints }: BuildVertex, context: Context): Lowered {
  return {
    op: {
      kind: 'build',
      builder: LLB_BUILDER,
      inputs: { [LLB_DEFINITION_INPUT]: { input: 0 } },
      attrs: filename ? { 'llbbuild.filename': filename } : {},
    },
    inputs: [context.input(source)],
    platform: constraints.platform ?? context.constraints.platform,
    caps: ['source.buildop.llbfilename'],
  };
}

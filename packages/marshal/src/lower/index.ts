import type { DefinitionVertex, Output, Vertex } from '@llb-ts/llb';
import { lowerBuild, lowerDiff, lowerMerge, lowerPassthrough } from './combine.ts';
import { lowerExec, sortedMounts } from './exec.ts';
import { fileStates, lowerFile } from './file.ts';
import type { Context, Lowered } from './lowered.ts';
import { lowerSource } from './source.ts';

export { fileStates };

/** Vertices that are lowered; those of a loaded definition are carried as they are. */
export type LowerableVertex = Exclude<Vertex, DefinitionVertex>;

/** One vertex in BuildKit's words. Its inputs were lowered before. */
export function lower(vertex: LowerableVertex, context: Context): Lowered {
  switch (vertex.kind) {
    case 'source':
      return lowerSource(vertex, context);
    case 'exec':
      return lowerExec(vertex, context);
    case 'file':
      return lowerFile(vertex, context);
    case 'merge':
      return lowerMerge(vertex, context);
    case 'diff':
      return lowerDiff(vertex, context);
    case 'passthrough':
      return lowerPassthrough(vertex, context);
    case 'build':
      return lowerBuild(vertex, context);
  }
}

/** The inputs of a vertex, in the order in which Go's client visits them: that is the order of the definition. */
export function inputsOf(vertex: LowerableVertex): readonly Output[] {
  switch (vertex.kind) {
    case 'source':
      return [];
    case 'exec':
      return sortedMounts(vertex).flatMap(({ source }) => source ?? []);
    case 'file':
      return fileStates(vertex).flatMap((state) => state.Output() ?? []);
    case 'merge':
    case 'passthrough':
      return vertex.inputs;
    case 'diff':
      return [vertex.lower, vertex.upper].filter((output) => output !== undefined);
    case 'build':
      return [vertex.source];
  }
}

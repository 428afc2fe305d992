import type { Definition } from '@llb-ts/pb';
import type { Ref } from '../chain/ref.ts';
import type { Vertex } from '../graph/vertex.ts';
import { buildOperation } from '../operation/build.ts';
import { type Composed, composeDiff, composeMerge, composePassthrough } from '../operation/compose.ts';
import { type ExecServices, execOperation } from '../operation/exec/exec-operation.ts';
import { fileOperation } from '../operation/file/file-operation.ts';
import type { Source } from '../source/contract/source.ts';
import { sourceOperation } from '../source/source-operation.ts';
import type { Operation } from '../work/operation.ts';

/** The parts of a solve that its operations may use. */
export interface OperationServices extends ExecServices {
  readonly sources: readonly Source[];
  /** Solves a definition found inside the build, as part of it. */
  readonly solveInner: (definition: Definition) => Promise<Ref | undefined>;
}

/** The operation of a vertex, or the refs that it composes at once. */
export function operationFor(
  { op, inputs: { length }, name, platform, metadata }: Vertex,
  inputs: readonly (Ref | undefined)[],
  services: OperationServices,
): Composed | Operation {
  const { sources, solveInner } = services;
  const { refs } = services.stores;
  switch (op.kind) {
    case 'merge':
      return composeMerge(op, inputs, name, refs);
    case 'diff':
      return composeDiff(op, inputs, name, refs);
    case 'passthrough':
      return composePassthrough(op, inputs);
    case 'file':
      return fileOperation(op, length, name);
    case 'source':
      return sourceOperation(op, platform, sources);
    case 'build':
      return buildOperation(op, length, solveInner);
    case 'exec': {
      const { linuxResources: resources } = metadata;
      return execOperation({ op, inputCount: length, platform, resources }, services);
    }
  }
}

import type { FileOp } from '@llb-ts/pb';
import type { Operation } from '../../work/operation.ts';
import { runActions } from './action-graph.ts';
import { fileKey } from './file-key.ts';

/**
 * A FileOp: actions that make, copy and remove files (`solver/llbsolver/ops/file.go`).
 *
 * @param inputCount how many inputs the vertex has; indexes from there on name results of actions
 * @param name of the vertex; describes the refs that come out
 */
export function fileOperation(op: FileOp, inputCount: number, name: string): Operation {
  return {
    slot: 'work',
    key: async () => fileKey(op, inputCount),
    run: (inputs, work) => runActions(op, inputs, work, name || 'fileop target'),
  };
}

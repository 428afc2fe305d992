import { EMPTY_INPUT, type FileOp } from '@llb-ts/pb';
import type { Ref } from '../../chain/ref.ts';
import type { Draft } from '../../layer/draft.ts';
import type { Tree } from '../../tree/tree.ts';
import type { Workbench } from '../../work/operation.ts';
import { planActions } from './action-plan.ts';
import { ownerOf } from './file-key.ts';
import { findOwner } from './owner.ts';
import { runAction } from './run-action.ts';

type Inputs = readonly (Ref | undefined)[];

/** The result of an action: a draft, if one other action continues it, or a layer, if several do. */
type Result = { readonly draft: Draft } | { readonly ref: Ref };

/**
 * Runs the actions that the outputs need, each once, and returns the outputs in order
 * (docs/buildkit-semantics.md#action-graph). A chain of actions writes one layer; outputs and results that are used twice
 * become layers of their own.
 */
export async function runActions(op: FileOp, inputs: Inputs, work: Workbench, name: string): Promise<Ref[]> {
  const plan = planActions(op, inputs.length);
  const results = new Map<number, Result>();
  const drafts = new Set<Draft>();
  const nothing = work.view(undefined);
  try {
    for (const index of plan.order) {
      const action = op.actions[index]!;
      const draft = draftFor(action.input, inputs, results, work);
      drafts.add(draft);
      await runAction(action, {
        draft,
        source:
          action.secondaryInput === EMPTY_INPUT
            ? nothing
            : treeOf(action.secondaryInput, inputs, results, work),
        owner: findOwner(ownerOf(action), (input) => work.view(inputs[input])),
        share: plan.mayShare,
      });
      if (plan.commits.has(index)) {
        results.set(inputs.length + index, { ref: await work.commit(draft, name) });
        drafts.delete(draft);
      } else {
        results.set(inputs.length + index, { draft });
      }
    }
  } finally {
    for (const draft of drafts) work.discard(draft);
  }
  return plan.outputs.map((index) => {
    const result = results.get(inputs.length + index);
    if (!result || !('ref' in result)) throw new Error(`Internal error: no result of file action ${index}`);
    return result.ref;
  });
}

/** The draft an action writes into: that of the action it follows, or a new one on its input. */
function draftFor(
  index: number,
  inputs: Inputs,
  results: ReadonlyMap<number, Result>,
  work: Workbench,
): Draft {
  const result = results.get(index);
  if (result && 'draft' in result) return result.draft;
  return work.edit(result ? result.ref : index === EMPTY_INPUT ? undefined : inputs[index]);
}

/** The tree an action reads from. */
function treeOf(index: number, inputs: Inputs, results: ReadonlyMap<number, Result>, work: Workbench): Tree {
  const result = results.get(index);
  if (result && 'draft' in result) return result.draft;
  return work.view(result ? result.ref : inputs[index]);
}

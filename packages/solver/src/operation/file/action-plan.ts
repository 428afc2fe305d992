import { EMPTY_INPUT, type FileOp, inputsFirst, SKIP_OUTPUT } from '@llb-ts/pb';
import { stepFailure } from '../../error/error.ts';

export interface ActionPlan {
  /** Actions that the outputs need, each after its own inputs. */
  readonly order: readonly number[];
  /** Actions whose result becomes a layer: outputs, and inputs of two or more actions. */
  readonly commits: ReadonlySet<number>;
  /** The action behind each output of the op. */
  readonly outputs: readonly number[];
  /** True if files may share inodes with their source: no action here changes an existing file. */
  readonly mayShare: boolean;
}

/** Checks how the actions hang together and puts them in order; fails with BuildKit's texts (docs/buildkit-semantics.md#action-graph). */
export function planActions({ actions }: FileOp, inputCount: number): ActionPlan {
  const count = inputCount + actions.length;
  const used = new Set<number>();
  const commits = new Set<number>();
  const outputs = new Map<number, number>();
  for (const [i, { input, secondaryInput, output }] of actions.entries()) {
    if (input < EMPTY_INPUT || input >= count) {
      throw stepFailure(`invalid input index ${input}, ${count} provided`);
    }
    if (secondaryInput < EMPTY_INPUT || secondaryInput >= count) {
      // The wrong one of the two, but so it says.
      throw stepFailure(`invalid secondary input index ${input}, ${inputCount} provided`);
    }
    for (const index of [input, secondaryInput]) {
      if (used.has(index)) commits.add(index - inputCount);
      used.add(index);
    }
    if (output === SKIP_OUTPUT) continue;
    if (outputs.has(output)) throw stepFailure(`duplicate output ${output}`);
    outputs.set(output, i);
    commits.add(i);
  }
  if (outputs.size === 0) throw stepFailure('no outputs specified');
  const ordered = Array.from(outputs.keys(), (_, output) => {
    const action = outputs.get(output);
    if (action === undefined) throw stepFailure(`missing output index ${output}`);
    return action;
  });
  const inputsOf = (index: number) => {
    const { input, secondaryInput } = actions[index]!;
    return [input - inputCount, secondaryInput - inputCount].filter((action) => action >= 0);
  };
  const onLoop = (index: number): never => {
    throw stepFailure(`loop from index ${index + inputCount}`);
  };
  return {
    order: inputsFirst(ordered, inputsOf, { onLoop }),
    commits,
    outputs: ordered,
    mayShare: !actions.some(
      ({ action }) => action?.kind === 'copy' && action.attemptUnpackDockerCompatibility,
    ),
  };
}

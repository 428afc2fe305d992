/**
 * The language of build files, the functions that turn a State into a definition or a definition into a State, and for
 * scripts what the commands of `llb-ts` do.
 */
export {
  type FailureCode,
  type FailureDetails,
  type ProgressEvent,
  SolveFailure,
} from '@llb-ts/backend';
export * from '@llb-ts/llb';
export {
  hostPlatform,
  MarshalError,
  type MarshalOptions,
  marshal,
  NewDefinitionOp,
  resolve,
} from '@llb-ts/marshal';
export { Definition } from '@llb-ts/pb';
export { inspect } from './api/inspect.ts';
export type { Buildable, SolveOptions, SolveOutput } from './api/options.ts';
export { enterUserNamespace, type SolveOutcome, solve } from './api/solve.ts';
export type { InspectedInput, InspectedOp, Inspection } from './inspect/json.ts';

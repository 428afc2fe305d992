/**
 * What a build file imports: the language, and the few functions beside it that turn a State into a definition or a
 * definition into a State.
 */
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

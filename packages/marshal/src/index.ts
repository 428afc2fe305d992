/** From a State to the definition that BuildKit reads, byte for byte as Go's client writes it. */
export { NewDefinitionOp } from './definition-op.ts';
export { MarshalError, type MarshalErrorCode } from './error.ts';
export { hostPlatform } from './host-platform.ts';
export { type MarshalOptions, marshal } from './marshal.ts';
export type { SourceFile } from './sources.ts';

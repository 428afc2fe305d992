/** From a State to the definition that BuildKit reads, byte for byte as Go's client writes it. */
export type { LocalIgnoreFile, MarshalOptions } from './context.ts';
export { NewDefinitionOp } from './definition-op.ts';
export { MarshalError, type MarshalErrorCode } from './error.ts';
export { hostPlatform } from './host-platform.ts';
export { type DeclaredLocal, type ImageConfig, imageConfigOf, localsOf, resolve } from './look.ts';
export { marshal } from './marshal.ts';
export type { SourceFile } from './sources.ts';

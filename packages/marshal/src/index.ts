/** From a State to the definition that BuildKit reads, byte for byte as Go's client writes it. */
export type { LocalIgnoreFile, MarshalOptions } from './base/context.ts';
export { MarshalError, type MarshalErrorCode } from './base/error.ts';
export { hostPlatform } from './base/host-platform.ts';
export type { SourceFile } from './base/sources.ts';
export { type DeclaredLocal, type ImageConfig, imageConfigOf, localsOf, resolve } from './look.ts';
export { marshal } from './marshal.ts';
export { NewDefinitionOp } from './write/definition-op.ts';

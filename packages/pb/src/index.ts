/** The words BuildKit reads: LLB messages, their canonical bytes, digests and definitions. */
export { registeredCapabilities } from './capabilities.ts';
export {
  compareUtf8,
  decode,
  decodeDefinition,
  decodeOp,
  encode,
  encodeDefinition,
  encodeOp,
} from './codec.ts';
export { Definition, type DefinitionEntry, encodeHead, noMetadata } from './definition.ts';
export * from './definition-messages.ts';
export { type Digest, digestOf, isDigest, parseDigest } from './digest.ts';
export { PbError, type PbErrorCode } from './error.ts';
export { inputsFirst } from './inputs-first.ts';
export * from './messages.ts';
export type { MessageName } from './schema.ts';

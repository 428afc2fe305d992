/**
 * Canonical encoding and strict decoding of the messages in `schema.ts`, over protobufjs' writer and reader.
 *
 * Canonical means byte for byte what Go's deterministic encoder writes: fields ascending but oneof members last, zero
 * values left out (a scalar oneof member is written all the same), empty sub-messages written, map entries sorted by
 * key bytes with key and value always present, repeated numbers packed, negative numbers as ten bytes (docs/buildkit-semantics.md#encoding-of-ops).
 *
 * Strict means that a value which would silently become something else is refused: unknown field names, fractions,
 * numbers out of range, lone surrogates, strings that are not UTF-8 on the wire.
 */
import { decode } from './decode.ts';
import type { DefinitionMessage } from './definition-messages.ts';
import { encode, type Values } from './encode.ts';
import type { Op } from './messages.ts';

export { decode } from './decode.ts';
export { compareUtf8, encode } from './encode.ts';

/** Encodes an op canonically. Two equal ops give equal bytes, and the bytes that Go's client writes. */
export function encodeOp(op: Op): Uint8Array {
  return encode('Op', op as unknown as Values);
}

/** Decodes op bytes. Unknown fields are skipped: keep the original bytes, an op is never encoded a second time. */
export function decodeOp(bytes: Uint8Array): Op {
  return decode('Op', bytes) as unknown as Op;
}

/** Encodes a definition with its maps sorted (Go's order of these maps is random). */
export function encodeDefinition(definition: DefinitionMessage): Uint8Array {
  return encode('Definition', definition as unknown as Values);
}

/** Decodes a definition; its ops stay bytes. */
export function decodeDefinition(bytes: Uint8Array): DefinitionMessage {
  return decode('Definition', bytes) as unknown as DefinitionMessage;
}

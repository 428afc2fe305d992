/**
 * Canonical encoding and strict decoding of the messages in `schema.ts`, over protobufjs' writer and reader.
 *
 * Canonical means byte for byte what Go's deterministic encoder writes: fields ascending but oneof members last, zero
 * values left out (a scalar oneof member is written all the same), empty sub-messages written, map entries sorted by
 * key bytes with key and value always present, repeated numbers packed, negative numbers as ten bytes (S A.2).
 *
 * Strict means that a value which would silently become something else is refused: unknown field names, fractions,
 * numbers out of range, lone surrogates, strings that are not UTF-8 on the wire.
 */
import protobuf from 'protobufjs/minimal.js';
import { PbError } from './error.ts';
import type { DefinitionMessage, Op } from './messages.ts';
import { type Field, type MessageName, type MessageSchema, type Scalar, schema } from './schema.ts';

type Writer = protobuf.Writer;
type Reader = protobuf.Reader;
type Values = Readonly<Record<string, unknown>>;

const VARINT = 0;
const LENGTH = 2;
const MAX_DEPTH = 100;

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

/** Encodes any message of the schema; `value` has the shape that `messages.ts` gives it. */
export function encode(name: MessageName, value: Values): Uint8Array {
  const writer = protobuf.Writer.create();
  writeMessage(writer, schema[name], value, name);
  return writer.finish();
}

/** Decodes any message of the schema. */
export function decode(name: MessageName, bytes: Uint8Array): Values {
  try {
    const reader = protobuf.Reader.create(bytes);
    return readMessage(reader, schema[name], reader.len, name, 0);
  } catch (error) {
    if (error instanceof PbError) throw error;
    throw new PbError('undecodable', reasonOf(error), { path: name, cause: error });
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /index out of range/.test(text) ? 'the bytes end in the middle of a field' : text;
}

// ---------------------------------------------------------------------------------------------------------- writing

function writeMessage(writer: Writer, { fields, oneOf }: MessageSchema, value: Values, path: string): void {
  if (typeof value !== 'object' || value === null)
    throw invalid(path, `expected a message, got ${show(value)}`);
  refuseUnknown(value, fields, oneOf?.name, path);
  for (const field of fields) {
    const item = value[field.name];
    if (item !== undefined) writeField(writer, field, item, `${path}.${field.name}`);
  }
  const chosen = oneOf && (value[oneOf.name] as Values | undefined);
  if (!chosen) return;
  const member = oneOf.members.find((m) => m.name === chosen.kind);
  if (!member) throw invalid(`${path}.${oneOf.name}`, `unknown kind ${show(chosen.kind)}`);
  const at = `${path}.${member.name}`;
  if ('message' in member.type) {
    const { kind: _, ...rest } = chosen;
    writeField(writer, member, rest, at);
  } else if ('scalar' in member.type) {
    writer.uint32(tag(member.number, wireType(member.type.scalar)));
    writeScalar(writer, member.type.scalar, chosen.value, at);
  }
}

function refuseUnknown(
  value: Values,
  fields: readonly Field[],
  oneOf: string | undefined,
  path: string,
): void {
  for (const key of Object.keys(value)) {
    if (key !== oneOf && !fields.some((field) => field.name === key)) {
      throw invalid(path, `has no field ${show(key)}`);
    }
  }
}

function writeField(writer: Writer, { number, type }: Field, value: unknown, path: string): void {
  if ('scalar' in type) {
    if (isZero(type.scalar, value)) return;
    writer.uint32(tag(number, wireType(type.scalar)));
    writeScalar(writer, type.scalar, value, path);
  } else if ('message' in type) {
    writer.uint32(tag(number, LENGTH)).fork();
    writeMessage(writer, schema[type.message], value as Values, path);
    writer.ldelim();
  } else if ('repeated' in type) {
    const items = arrayOf(value, path);
    if (items.length === 0) return;
    if (wireType(type.repeated) === LENGTH) {
      items.forEach((item, i) => {
        writer.uint32(tag(number, LENGTH));
        writeScalar(writer, type.repeated, item, `${path}[${i}]`);
      });
    } else {
      writer.uint32(tag(number, LENGTH)).fork();
      items.forEach((item, i) => {
        writeScalar(writer, type.repeated, item, `${path}[${i}]`);
      });
      writer.ldelim();
    }
  } else if ('repeatedMessage' in type) {
    arrayOf(value, path).forEach((item, i) => {
      writer.uint32(tag(number, LENGTH)).fork();
      writeMessage(writer, schema[type.repeatedMessage], item as Values, `${path}[${i}]`);
      writer.ldelim();
    });
  } else {
    writeMap(writer, number, type, value as Values, path);
  }
}

function writeMap(
  writer: Writer,
  number: number,
  type: Extract<Field['type'], { mapOf: Scalar } | { mapOfMessage: MessageName }>,
  value: Values,
  path: string,
): void {
  if (typeof value !== 'object' || value === null || value instanceof Map) {
    throw invalid(path, 'expected a plain object');
  }
  for (const key of Object.keys(value).sort(compareUtf8)) {
    const at = `${path}[${JSON.stringify(key)}]`;
    writer.uint32(tag(number, LENGTH)).fork();
    writer.uint32(tag(1, LENGTH));
    writeScalar(writer, 'string', key, at);
    if ('mapOf' in type) {
      writer.uint32(tag(2, wireType(type.mapOf)));
      writeScalar(writer, type.mapOf, value[key], at);
    } else {
      writer.uint32(tag(2, LENGTH)).fork();
      writeMessage(writer, schema[type.mapOfMessage], value[key] as Values, at);
      writer.ldelim();
    }
    writer.ldelim();
  }
}

/** Go sorts map keys as bytes; JavaScript's `<` compares UTF-16 units, which differs above U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function writeScalar(writer: Writer, scalar: Scalar, value: unknown, path: string): void {
  switch (scalar) {
    case 'string':
      if (typeof value !== 'string') throw invalid(path, `expected a string, got ${show(value)}`);
      if (hasLoneSurrogate(value)) throw invalid(path, 'is not valid Unicode (a lone surrogate)');
      writer.string(value);
      return;
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw invalid(path, `expected bytes, got ${show(value)}`);
      writer.bytes(value);
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw invalid(path, `expected true or false, got ${show(value)}`);
      writer.bool(value);
      return;
    case 'int32':
    case 'enum':
      writer.int32(integer(value, -(2 ** 31), 2 ** 31 - 1, path));
      return;
    case 'uint32':
      writer.uint32(integer(value, 0, 2 ** 32 - 1, path));
      return;
    case 'int64':
      writer.int64(integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, path));
      return;
    case 'bigint64':
      writer.int64(long(value, -(2n ** 63n), 2n ** 63n - 1n, path));
      return;
    case 'biguint64':
      writer.uint64(long(value, 0n, 2n ** 64n - 1n, path));
      return;
  }
}

function integer(value: unknown, min: number, max: number, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalid(path, `expected a whole number, got ${show(value)}`);
  }
  if (value < min || value > max) throw invalid(path, `${value} is outside ${min}..${max}`);
  return value;
}

function long(value: unknown, min: bigint, max: bigint, path: string): protobuf.Long {
  if (typeof value !== 'bigint') throw invalid(path, `expected a bigint, got ${show(value)}`);
  if (value < min || value > max) throw invalid(path, `${value} is outside ${min}..${max}`);
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: min === 0n } as protobuf.Long;
}

function isZero(scalar: Scalar, value: unknown): boolean {
  switch (scalar) {
    case 'string':
      return value === '';
    case 'bytes':
      return value instanceof Uint8Array && value.length === 0;
    case 'bool':
      return value === false;
    case 'bigint64':
    case 'biguint64':
      return value === 0n;
    default:
      return value === 0;
  }
}

function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/.test(text) && !text.isWellFormed();
}

function arrayOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(path, `expected a list, got ${show(value)}`);
  return value;
}

function invalid(path: string, message: string): PbError {
  return new PbError('invalid-value', message, { path });
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  return value === null || typeof value !== 'object'
    ? String(value)
    : (value.constructor?.name ?? 'an object');
}

function tag(number: number, type: number): number {
  return ((number << 3) | type) >>> 0;
}

function wireType(scalar: Scalar): number {
  return scalar === 'string' || scalar === 'bytes' ? LENGTH : VARINT;
}

// ---------------------------------------------------------------------------------------------------------- reading

function readMessage(
  reader: Reader,
  message: MessageSchema,
  end: number,
  path: string,
  depth: number,
): Values {
  if (depth > MAX_DEPTH) throw new PbError('undecodable', 'messages are nested too deeply', { path });
  const value: Record<string, unknown> = {};
  for (const { name, type } of message.fields) {
    if ('scalar' in type) value[name] = zero(type.scalar);
    else if ('repeated' in type || 'repeatedMessage' in type) value[name] = [];
    else if ('mapOf' in type || 'mapOfMessage' in type) value[name] = {};
  }
  const { byNumber } = lookup(message);
  while (reader.pos < end) {
    const key = reader.uint32();
    const entry = byNumber.get(key >>> 3);
    if (key >>> 3 === 0) throw new PbError('undecodable', 'field number 0', { path });
    if (!entry) {
      reader.skipType(key & 7);
      continue;
    }
    const { field, oneOf } = entry;
    const at = `${path}.${field.name}`;
    if (!oneOf) {
      readField(reader, field, key & 7, value, at, depth);
    } else if ('message' in field.type) {
      value[oneOf] = { kind: field.name, ...readNested(reader, field.type.message, key & 7, at, depth) };
    } else if ('scalar' in field.type) {
      value[oneOf] = { kind: field.name, value: readScalar(reader, field.type.scalar, key & 7, at) };
    }
  }
  if (reader.pos !== end) throw new PbError('undecodable', 'a field reaches beyond its message', { path });
  return value;
}

function readField(
  reader: Reader,
  { name, type }: Field,
  wire: number,
  value: Record<string, unknown>,
  path: string,
  depth: number,
): void {
  if ('scalar' in type) {
    value[name] = readScalar(reader, type.scalar, wire, path);
  } else if ('message' in type) {
    value[name] = readNested(reader, type.message, wire, path, depth);
  } else if ('repeated' in type) {
    const list = value[name] as unknown[];
    if (wire === LENGTH && wireType(type.repeated) === VARINT) {
      const end = boundary(reader, path);
      while (reader.pos < end) list.push(readScalar(reader, type.repeated, VARINT, path));
    } else {
      list.push(readScalar(reader, type.repeated, wire, path));
    }
  } else if ('repeatedMessage' in type) {
    const list = value[name] as unknown[];
    list.push(readNested(reader, type.repeatedMessage, wire, `${path}[${list.length}]`, depth));
  } else {
    readMapEntry(reader, type, wire, value[name] as Record<string, unknown>, path, depth);
  }
}

function readMapEntry(
  reader: Reader,
  type: Extract<Field['type'], { mapOf: Scalar } | { mapOfMessage: MessageName }>,
  wire: number,
  map: Record<string, unknown>,
  path: string,
  depth: number,
): void {
  expectWire(wire, LENGTH, path);
  const end = boundary(reader, path);
  let key = '';
  let item: unknown = 'mapOf' in type ? zero(type.mapOf) : undefined;
  while (reader.pos < end) {
    const tagValue = reader.uint32();
    if (tagValue >>> 3 === 1) key = readScalar(reader, 'string', tagValue & 7, path) as string;
    else if (tagValue >>> 3 !== 2) reader.skipType(tagValue & 7);
    else if ('mapOf' in type) item = readScalar(reader, type.mapOf, tagValue & 7, path);
    else item = readNested(reader, type.mapOfMessage, tagValue & 7, path, depth);
  }
  if (item === undefined && 'mapOfMessage' in type) item = emptyMessage(type.mapOfMessage);
  // A key such as "__proto__" must be a plain entry.
  Object.defineProperty(map, key, { value: item, enumerable: true, writable: true, configurable: true });
}

function readNested(reader: Reader, name: MessageName, wire: number, path: string, depth: number): Values {
  expectWire(wire, LENGTH, path);
  const end = boundary(reader, path);
  return readMessage(reader, schema[name], end, path, depth + 1);
}

function emptyMessage(name: MessageName): Values {
  return readMessage(protobuf.Reader.create(new Uint8Array()), schema[name], 0, name, 0);
}

function boundary(reader: Reader, path: string): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new PbError('undecodable', 'the bytes end in the middle of a field', { path });
  return end;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readScalar(reader: Reader, scalar: Scalar, wire: number, path: string): unknown {
  expectWire(wire, wireType(scalar), path);
  switch (scalar) {
    case 'string': {
      const raw = reader.bytes();
      try {
        return utf8.decode(raw);
      } catch (cause) {
        throw new PbError('undecodable', 'is not valid UTF-8', { path, cause });
      }
    }
    case 'bytes':
      return Uint8Array.from(reader.bytes());
    case 'bool':
      return reader.bool();
    case 'int32':
    case 'enum':
      return reader.int32();
    case 'uint32':
      return reader.uint32();
    case 'int64': {
      const value = bigintOf(reader.int64());
      const number = Number(value);
      if (!Number.isSafeInteger(number))
        throw new PbError('undecodable', `${value} is out of range`, { path });
      return number;
    }
    case 'bigint64':
      return bigintOf(reader.int64());
    case 'biguint64':
      return BigInt.asUintN(64, bigintOf(reader.uint64()));
  }
}

function bigintOf(value: number | protobuf.Long): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

function expectWire(got: number, want: number, path: string): void {
  if (got !== want) throw new PbError('undecodable', `has wire type ${got}, expected ${want}`, { path });
}

function zero(scalar: Scalar): unknown {
  switch (scalar) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array();
    case 'bool':
      return false;
    case 'bigint64':
    case 'biguint64':
      return 0n;
    default:
      return 0;
  }
}

interface Lookup {
  readonly byNumber: ReadonlyMap<number, { readonly field: Field; readonly oneOf?: string }>;
}

const lookups = new WeakMap<MessageSchema, Lookup>();

function lookup(message: MessageSchema): Lookup {
  let found = lookups.get(message);
  if (!found) {
    const byNumber = new Map<number, { field: Field; oneOf?: string }>();
    for (const field of message.fields) byNumber.set(field.number, { field });
    const { oneOf } = message;
    if (oneOf) for (const field of oneOf.members) byNumber.set(field.number, { field, oneOf: oneOf.name });
    found = { byNumber };
    lookups.set(message, found);
  }
  return found;
}

import protobuf from 'protobufjs/minimal.js';
import type { Values } from './encode.ts';
import { Refusal } from './refusal.ts';
import { LENGTH, type Reader, type ScalarCodec, scalars, VARINT, wireType } from './scalar.ts';
import { type Field, type FieldType, type MessageName, type MessageSchema, schema } from './schema.ts';

/** Nothing of ours nests deeper than a definition in a source map in a definition, a few times over. */
const MAX_DEPTH = 100;

type Target = Record<string, unknown>;

/** Reads one value of a field into the message that it belongs to. */
type ReadField = (reader: Reader, wire: number, into: Target, depth: number) => void;

/** How one message is read: its empty form, and a function for each number that means something. */
interface MessageReader {
  readonly empty: readonly (readonly [name: string, make: () => unknown])[];
  readonly byNumber: ReadonlyMap<number, { readonly name: string; readonly read: ReadField }>;
}

/** Decodes any message of the schema. Fields that the schema does not know are skipped. */
export function decode(name: MessageName, bytes: Uint8Array): Values {
  try {
    const reader = protobuf.Reader.create(bytes);
    return readMessage(reader, readerOf(name), reader.len, 0);
  } catch (error) {
    throw refusalOf(error).toPbError(name);
  }
}

/** Errors of protobufjs are about bytes too. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const text = error instanceof Error ? error.message : String(error);
  const reason = /index out of range/.test(text) ? 'the bytes end in the middle of a field' : text;
  return new Refusal('undecodable', reason, { cause: error });
}

const compiled = new Map<MessageName, MessageReader>();

function readerOf(name: MessageName): MessageReader {
  let reader = compiled.get(name);
  if (!reader) {
    reader = compile(schema[name]);
    compiled.set(name, reader);
  }
  return reader;
}

function compile({ fields, oneOf }: MessageSchema): MessageReader {
  const byNumber = new Map<number, { name: string; read: ReadField }>();
  for (const field of fields) byNumber.set(field.number, { name: field.name, read: compileField(field) });
  for (const member of oneOf?.members ?? []) {
    byNumber.set(member.number, { name: member.name, read: compileMember(member, oneOf?.name ?? '') });
  }
  return { empty: fields.flatMap(({ name, type }) => emptyOf(name, type)), byNumber };
}

function emptyOf(name: string, type: FieldType): (readonly [string, () => unknown])[] {
  if ('message' in type) return [];
  if ('scalar' in type) return [[name, scalars[type.scalar].zero]];
  if ('repeated' in type || 'repeatedMessage' in type) return [[name, () => []]];
  return [[name, () => ({})]];
}

function readMessage(reader: Reader, message: MessageReader, end: number, depth: number): Values {
  if (depth > MAX_DEPTH) throw new Refusal('undecodable', 'messages are nested too deeply');
  const value: Target = {};
  for (const [name, make] of message.empty) value[name] = make();
  while (reader.pos < end) {
    const key = reader.uint32();
    const number = key >>> 3;
    if (number === 0) throw new Refusal('undecodable', 'field number 0');
    const field = message.byNumber.get(number);
    if (!field) {
      reader.skipType(key & 7);
      continue;
    }
    try {
      field.read(reader, key & 7, value, depth);
    } catch (error) {
      throw refusalOf(error).within(`.${field.name}`);
    }
  }
  if (reader.pos !== end) throw new Refusal('undecodable', 'a field reaches beyond its message');
  return value;
}

function compileField({ name, type }: Field): ReadField {
  if ('scalar' in type) {
    const scalar = scalars[type.scalar];
    const expected = wireType(type.scalar);
    return (reader, wire, into) => {
      into[name] = readScalar(reader, scalar, expected, wire);
    };
  }
  if ('message' in type) {
    const { message } = type;
    return (reader, wire, into, depth) => {
      into[name] = readNested(reader, message, wire, depth);
    };
  }
  if ('repeated' in type) return compileRepeated(name, type);
  if ('repeatedMessage' in type) {
    const { repeatedMessage } = type;
    return (reader, wire, into, depth) => {
      const list = into[name] as unknown[];
      try {
        list.push(readNested(reader, repeatedMessage, wire, depth));
      } catch (error) {
        throw refusalOf(error).within(`[${list.length}]`);
      }
    };
  }
  return compileMap(name, type);
}

function compileMember({ name, type }: Field, oneOf: string): ReadField {
  if ('message' in type) {
    const { message } = type;
    return (reader, wire, into, depth) => {
      into[oneOf] = { kind: name, ...readNested(reader, message, wire, depth) };
    };
  }
  if (!('scalar' in type)) throw new Error('Internal error: a oneof member is a message or a scalar');
  const scalar = scalars[type.scalar];
  const expected = wireType(type.scalar);
  return (reader, wire, into) => {
    into[oneOf] = { kind: name, value: readScalar(reader, scalar, expected, wire) };
  };
}

/** Numbers may come packed or one by one; a reader takes both. */
function compileRepeated(name: string, { repeated }: Extract<FieldType, { repeated: unknown }>): ReadField {
  const scalar = scalars[repeated];
  const expected = wireType(repeated);
  return (reader, wire, into) => {
    const list = into[name] as unknown[];
    if (wire !== LENGTH || expected !== VARINT) {
      list.push(readScalar(reader, scalar, expected, wire));
      return;
    }
    const end = boundary(reader);
    while (reader.pos < end) list.push(scalar.read(reader));
    if (reader.pos !== end) throw new Refusal('undecodable', 'a number reaches beyond its list');
  };
}

function compileMap(
  name: string,
  type: Extract<FieldType, { mapOf: unknown } | { mapOfMessage: unknown }>,
): ReadField {
  const scalar = 'mapOf' in type ? scalars[type.mapOf] : undefined;
  const expected = 'mapOf' in type ? wireType(type.mapOf) : LENGTH;
  return (reader, wire, into, depth) => {
    expectWire(wire, LENGTH);
    const end = boundary(reader);
    let key = '';
    let item: unknown;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = readScalar(reader, scalars.string, LENGTH, tag & 7) as string;
      else if (tag >>> 3 !== 2) reader.skipType(tag & 7);
      else if (scalar) item = readScalar(reader, scalar, expected, tag & 7);
      else if ('mapOfMessage' in type) item = readNested(reader, type.mapOfMessage, tag & 7, depth);
    }
    if (reader.pos !== end) throw new Refusal('undecodable', 'a field reaches beyond its entry');
    if (item === undefined) item = scalar ? scalar.zero() : emptyMessage(type);
    put(into[name] as Target, key, item);
  };
}

function emptyMessage(type: FieldType): Values {
  if (!('mapOfMessage' in type)) throw new Error('Internal error: not a map of messages');
  return readMessage(protobuf.Reader.create(new Uint8Array()), readerOf(type.mapOfMessage), 0, 0);
}

/** A key such as `__proto__` must be a plain entry. */
function put(map: Target, key: string, value: unknown): void {
  if (key !== '__proto__') map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

function readNested(reader: Reader, name: MessageName, wire: number, depth: number): Values {
  expectWire(wire, LENGTH);
  return readMessage(reader, readerOf(name), boundary(reader), depth + 1);
}

function boundary(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new Refusal('undecodable', 'the bytes end in the middle of a field');
  return end;
}

function readScalar(reader: Reader, scalar: ScalarCodec, expected: number, wire: number): unknown {
  expectWire(wire, expected);
  return scalar.read(reader);
}

function expectWire(got: number, want: number): void {
  if (got !== want) throw new Refusal('undecodable', `has wire type ${got}, expected ${want}`);
}

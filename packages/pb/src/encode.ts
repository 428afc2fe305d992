import protobuf from 'protobufjs/minimal.js';
import { Refusal, within } from './refusal.ts';
import { invalid, LENGTH, scalars, show, tag, type Writer, wireType } from './scalar.ts';
import { type Field, type FieldType, type MessageName, type MessageSchema, schema } from './schema.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Writes one value after its tag, or nothing where it is what a missing field means. */
type WriteField = (writer: Writer, value: unknown) => void;

interface FieldWriter {
  readonly name: string;
  /** The meaning of a missing field, where that is one value. Most fields are missing, and are passed over at once. */
  readonly zero: unknown;
  readonly write: WriteField;
}

/** How one message is written: its fields in the order of bytes, each compiled to a function once. */
interface MessageWriter {
  readonly fields: readonly FieldWriter[];
  readonly known: ReadonlySet<string>;
  readonly oneOf: string | undefined;
  readonly members: ReadonlyMap<string, WriteField>;
}

/** Encodes any message of the schema; `value` has the shape that `messages.ts` gives it. */
export function encode(name: MessageName, value: Values): Uint8Array {
  const writer = protobuf.Writer.create();
  try {
    writeMessage(writer, writerOf(name), value, false);
  } catch (error) {
    throw error instanceof Refusal ? error.toPbError(name) : error;
  }
  // A plain array, whatever kind the writer makes.
  const { buffer, byteOffset, byteLength } = writer.finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const compiled = new Map<MessageName, MessageWriter>();

function writerOf(name: MessageName): MessageWriter {
  let writer = compiled.get(name);
  if (!writer) {
    writer = compile(schema[name]);
    compiled.set(name, writer);
  }
  return writer;
}

function compile({ fields, oneOf }: MessageSchema): MessageWriter {
  const names = fields.map((field) => field.name);
  return {
    fields: fields.map((field) => ({
      name: field.name,
      zero: 'scalar' in field.type ? scalars[field.type.scalar].zero() : undefined,
      write: compileField(field),
    })),
    known: new Set(oneOf ? [...names, oneOf.name] : names),
    oneOf: oneOf?.name,
    members: new Map(oneOf?.members.map((member) => [member.name, compileMember(member)])),
  };
}

/** @param asMember the message is the value of a oneof, and also says which kind it is */
function writeMessage(writer: Writer, message: MessageWriter, value: unknown, asMember: boolean): void {
  if (typeof value !== 'object' || value === null) throw invalid(`expected a message, got ${show(value)}`);
  const values = value as Values;
  let at = '';
  let known = asMember ? 1 : 0;
  try {
    for (const { name, zero, write } of message.fields) {
      const item = values[name];
      if (item === undefined) continue;
      known++;
      if (item === zero) continue;
      at = name;
      write(writer, item);
    }
    const { oneOf } = message;
    const chosen = oneOf && (values[oneOf] as Values | undefined);
    if (chosen) {
      known++;
      at = oneOf;
      const write = message.members.get(chosen.kind as string);
      if (!write) throw invalid(`unknown kind ${show(chosen.kind)}`);
      at = String(chosen.kind);
      write(writer, chosen);
    }
  } catch (error) {
    throw within(error, `.${at}`);
  }
  refuseUnknown(message, value, known, asMember);
}

/** Counts names first: what adds up holds nothing unknown. */
function refuseUnknown(message: MessageWriter, value: object, known: number, asMember: boolean): void {
  let count = 0;
  for (const _ in value) count++;
  if (count === known) return;
  for (const key in value) {
    if (!message.known.has(key) && !(asMember && key === 'kind')) throw invalid(`has no field ${show(key)}`);
  }
}

function compileField({ number, type }: Field): WriteField {
  if ('scalar' in type) {
    const { isZero, write } = scalars[type.scalar];
    const key = tag(number, wireType(type.scalar));
    return (writer, value) => {
      if (!isZero(value)) write(writer.uint32(key), value);
    };
  }
  const key = tag(number, LENGTH);
  if ('message' in type) {
    const { message } = type;
    return (writer, value) => writeNested(writer.uint32(key), message, value, false);
  }
  if ('repeated' in type)
    return wireType(type.repeated) === LENGTH ? writeEach(key, type) : writePacked(key, type);
  if ('repeatedMessage' in type) {
    const { repeatedMessage } = type;
    return (writer, value) =>
      forEach(value, (item) => writeNested(writer.uint32(key), repeatedMessage, item, false));
  }
  return writeMap(key, type);
}

function writeNested(writer: Writer, name: MessageName, value: unknown, asMember: boolean): void {
  writer.fork();
  writeMessage(writer, writerOf(name), value, asMember);
  writer.ldelim();
}

/** A member of a oneof is written even when it is zero: that it is there is what counts. */
function compileMember({ number, type }: Field): WriteField {
  if ('message' in type) {
    const key = tag(number, LENGTH);
    const { message } = type;
    return (writer, value) => writeNested(writer.uint32(key), message, value, true);
  }
  if (!('scalar' in type)) throw new Error('Internal error: a oneof member is a message or a scalar');
  const key = tag(number, wireType(type.scalar));
  const { write } = scalars[type.scalar];
  return (writer, value) => write(writer.uint32(key), (value as Values).value);
}

type Repeated = Extract<FieldType, { repeated: unknown }>;

function writeEach(key: number, { repeated }: Repeated): WriteField {
  const { write } = scalars[repeated];
  return (writer, value) => forEach(value, (item) => write(writer.uint32(key), item));
}

function writePacked(key: number, { repeated }: Repeated): WriteField {
  const { write } = scalars[repeated];
  return (writer, value) => {
    if (Array.isArray(value) && value.length === 0) return;
    writer.uint32(key).fork();
    forEach(value, (item) => write(writer, item));
    writer.ldelim();
  };
}

function forEach(value: unknown, visit: (item: unknown) => void): void {
  if (!Array.isArray(value)) throw invalid(`expected a list, got ${show(value)}`);
  for (let i = 0; i < value.length; i++) {
    try {
      visit(value[i]);
    } catch (error) {
      throw within(error, `[${i}]`);
    }
  }
}

function writeMap(
  key: number,
  type: Extract<FieldType, { mapOf: unknown } | { mapOfMessage: unknown }>,
): WriteField {
  const name = scalars.string;
  const scalar = 'mapOf' in type ? scalars[type.mapOf] : undefined;
  const itemKey = tag(2, 'mapOf' in type ? wireType(type.mapOf) : LENGTH);
  return (writer, value) => {
    if (typeof value !== 'object' || value === null || value instanceof Map) {
      throw invalid('expected a plain object');
    }
    const keys = Object.keys(value);
    for (const entry of keys.length > 1 ? keys.sort(compareUtf8) : keys) {
      const item = (value as Values)[entry];
      try {
        writer.uint32(key).fork();
        name.write(writer.uint32(tag(1, LENGTH)), entry);
        writer.uint32(itemKey);
        if (scalar) scalar.write(writer, item);
        else if ('mapOfMessage' in type) writeNested(writer, type.mapOfMessage, item, false);
        writer.ldelim();
      } catch (error) {
        throw within(error, `[${JSON.stringify(entry)}]`);
      }
    }
  };
}

/**
 * Compares texts as their UTF-8 bytes, which is how Go sorts. JavaScript's `<` compares UTF-16 units: the same, unless
 * the first difference is between a surrogate pair and a character above it in the basic plane.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const pairs = Number(isSurrogate(x)) - Number(isSurrogate(y));
    return pairs !== 0 ? pairs : x - y;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

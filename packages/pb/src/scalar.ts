import type protobuf from 'protobufjs/minimal.js';
import { Refusal } from './refusal.ts';
import type { Scalar } from './schema.ts';

export type Writer = protobuf.Writer;
export type Reader = protobuf.Reader;

export const VARINT = 0;
export const LENGTH = 2;

export function wireType(scalar: Scalar): number {
  return scalar === 'string' || scalar === 'bytes' ? LENGTH : VARINT;
}

export function tag(number: number, wire: number): number {
  return ((number << 3) | wire) >>> 0;
}

/** One kind of scalar: how it is checked and written, read, and what it is when it is not on the wire. */
export interface ScalarCodec {
  readonly zero: () => unknown;
  readonly isZero: (value: unknown) => boolean;
  readonly write: (writer: Writer, value: unknown) => void;
  readonly read: (reader: Reader) => unknown;
}

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

const int32: ScalarCodec = {
  zero: () => 0,
  isZero: (value) => value === 0,
  write: (writer, value) => writer.int32(integer(value, INT32.min, INT32.max)),
  read: (reader) => reader.int32(),
};

export const scalars: Readonly<Record<Scalar, ScalarCodec>> = {
  string: {
    zero: () => '',
    isZero: (value) => value === '',
    write: (writer, value) => {
      if (typeof value !== 'string') throw invalid(`expected a string, got ${show(value)}`);
      if (!value.isWellFormed()) throw invalid('is not valid Unicode (a lone surrogate)');
      writer.string(value);
    },
    read: readString,
  },
  bytes: {
    zero: () => new Uint8Array(),
    isZero: (value) => value instanceof Uint8Array && value.length === 0,
    write: (writer, value) => {
      if (!(value instanceof Uint8Array)) throw invalid(`expected bytes, got ${show(value)}`);
      writer.bytes(value);
    },
    // A copy, so that a small field does not keep a whole definition in memory.
    read: (reader) => new Uint8Array(reader.bytes()),
  },
  bool: {
    zero: () => false,
    isZero: (value) => value === false,
    write: (writer, value) => {
      if (typeof value !== 'boolean') throw invalid(`expected true or false, got ${show(value)}`);
      writer.bool(value);
    },
    read: (reader) => reader.bool(),
  },
  int32,
  enum: int32,
  uint32: {
    zero: () => 0,
    isZero: (value) => value === 0,
    write: (writer, value) => writer.uint32(integer(value, 0, 2 ** 32 - 1)),
    read: (reader) => reader.uint32(),
  },
  int64: {
    zero: () => 0,
    isZero: (value) => value === 0,
    write: (writer, value) => {
      const number = integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      // Most are small indexes, for which a 64-bit detour costs as much as all the rest.
      if (number >= 0 && number <= INT32.max) writer.uint32(number);
      else writer.int64(number);
    },
    read: (reader) => {
      const value = bigintOf(reader.int64());
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw new Refusal('undecodable', `${value} is out of range`);
      return number;
    },
  },
  bigint64: {
    zero: () => 0n,
    isZero: (value) => value === 0n,
    write: (writer, value) => writer.int64(long(value, -(2n ** 63n), 2n ** 63n - 1n)),
    read: (reader) => bigintOf(reader.int64()),
  },
  biguint64: {
    zero: () => 0n,
    isZero: (value) => value === 0n,
    write: (writer, value) => writer.uint64(long(value, 0n, 2n ** 64n - 1n)),
    read: (reader) => BigInt.asUintN(64, bigintOf(reader.uint64())),
  },
};

function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalid(`expected a whole number, got ${show(value)}`);
  }
  if (value < min || value > max) throw invalid(`${value} is outside ${min}..${max}`);
  return value;
}

function long(value: unknown, min: bigint, max: bigint): protobuf.Long {
  if (typeof value !== 'bigint') throw invalid(`expected a bigint, got ${show(value)}`);
  if (value < min || value > max) throw invalid(`${value} is outside ${min}..${max}`);
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: min === 0n } as protobuf.Long;
}

function bigintOf(value: number | protobuf.Long): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readString(reader: Reader): string {
  const raw = reader.bytes();
  try {
    return utf8.decode(raw);
  } catch (cause) {
    throw new Refusal('undecodable', 'is not valid UTF-8', { cause });
  }
}

export function invalid(message: string): Refusal {
  return new Refusal('invalid-value', message);
}

export function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  return value === null || typeof value !== 'object'
    ? String(value)
    : (value.constructor?.name ?? 'an object');
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, decode, encode } from './codec.ts';
import { PbError } from './error.ts';
import { type FieldType, type MessageName, type Scalar, schema } from './schema.ts';

const scalars: Readonly<Record<Scalar, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: 'binary', maxLength: 20 }),
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)),
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  enum: fc.integer({ min: 0, max: 5 }),
  int64: fc.maxSafeInteger(),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  biguint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

/** Any value of a message, made from the same table that the codec reads. */
function message(name: MessageName, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const { fields, oneOf } = schema[name];
  const entries = fields.map(({ name, type }) => [name, field(type, depth), 'message' in type] as const);
  const record = fc.record(Object.fromEntries(entries.map(([name, value]) => [name, value])), {
    requiredKeys: entries.flatMap(([name, , optional]) => (optional ? [] : [name])),
    noNullPrototype: true,
  }) as fc.Arbitrary<Record<string, unknown>>;
  if (!oneOf) return record;
  const member = fc.oneof(
    ...oneOf.members.map(({ name, type }) =>
      'message' in type
        ? message(type.message, depth + 1).map((value) => ({ kind: name, ...value }))
        : field(type, depth).map((value) => ({ kind: name, value })),
    ),
  );
  return fc
    .tuple(record, fc.option(member, { nil: undefined }))
    .map(([value, chosen]) => (chosen ? { ...value, [oneOf.name]: chosen } : value));
}

function field(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  // Definitions nest in source maps in definitions: stop somewhere.
  const some = { maxLength: depth > 2 ? 0 : 3 };
  if ('scalar' in type) return scalars[type.scalar];
  if ('message' in type) return depth > 2 ? fc.constant(undefined) : message(type.message, depth + 1);
  if ('repeated' in type) return fc.array(scalars[type.repeated], some);
  if ('repeatedMessage' in type) {
    return depth > 2 ? fc.constant([]) : fc.array(message(type.repeatedMessage, depth + 1), some);
  }
  const value = 'mapOf' in type ? scalars[type.mapOf] : message(type.mapOfMessage, depth + 1);
  if (depth > 2) return fc.constant({});
  return fc.dictionary(scalars.string as fc.Arbitrary<string>, value, { maxKeys: 3, noNullPrototype: true });
}

const names = Object.keys(schema) as MessageName[];
const runs = { numRuns: 30 };

describe('codec', () => {
  it.each(names)('reads what it wrote: %s', (name) => {
    fc.assert(
      fc.property(message(name), (value) => {
        const present = JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item));
        const bytes = encode(name, value);
        expect(decode(name, bytes), present).toEqual(value);
        expect(encode(name, decode(name, bytes))).toEqual(bytes);
      }),
      runs,
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string()), (attrs) => {
        const turned = Object.fromEntries(Object.entries(attrs).reverse());
        expect(encode('SourceOp', { identifier: 'x', attrs: turned })).toEqual(
          encode('SourceOp', { identifier: 'x', attrs }),
        );
      }),
    );
  });

  it('reads any bytes or says why not', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(message('Op'), fc.nat(), fc.nat()).map(([op, at, to]) => {
        const broken = Uint8Array.from(encode('Op', op));
        if (broken.length > 0) broken[at % broken.length] = to % 256;
        return broken;
      }),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          decode('Op', given);
        } catch (error) {
          expect(error).toBeInstanceOf(PbError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never takes a cut message for a whole one with the same meaning', () => {
    fc.assert(
      fc.property(message('Op'), fc.nat(), (op, at) => {
        const whole = encode('Op', op);
        fc.pre(whole.length > 0);
        const cut = whole.subarray(0, at % whole.length);
        let read: unknown;
        try {
          read = decode('Op', cut);
        } catch (error) {
          expect(error).toBeInstanceOf(PbError);
          return;
        }
        expect(read).not.toEqual(decode('Op', whole));
      }),
      runs,
    );
  });

  it('sorts as bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareUtf8('\u{ffff}', '\u{10000}')).toBeLessThan(0);
  });
});

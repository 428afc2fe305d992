import { describe, expect, it } from 'vitest';
import { decodeDefinition, decodeOp, encode, encodeOp } from './codec.ts';
import { Definition } from './definition.ts';
import { PbError } from './error.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const input = { digest: 'sha256:aa', index: 0 };
const exec = { mounts: [], network: 0, security: 0, secretenv: [], cdiDevices: [] };

/** Values that a laxer encoder would turn into something else. */
const refused: readonly (readonly [name: string, value: object, path: string, message: string])[] = [
  [
    'a fraction',
    { inputs: [{ ...input, index: 1.5 }] },
    'Op.inputs[0].index',
    'expected a whole number, got 1.5',
  ],
  [
    'NaN',
    { inputs: [{ ...input, index: Number.NaN }] },
    'Op.inputs[0].index',
    'expected a whole number, got NaN',
  ],
  [
    'a bigint where a number is',
    { inputs: [{ ...input, index: 1n }] },
    'Op.inputs[0].index',
    'expected a whole number, got 1n',
  ],
  [
    'beyond 2^53',
    { inputs: [{ ...input, index: 2 ** 53 }] },
    'Op.inputs[0].index',
    '9007199254740992 is outside -9007199254740991..9007199254740991',
  ],
  ['an unknown name', { inputs: [], platfrom: {} }, 'Op', 'has no field "platfrom"'],
  ['an unknown name further in', { inputs: [{ ...input, indx: 1 }] }, 'Op.inputs[0]', 'has no field "indx"'],
  ['an unknown kind', { inputs: [], op: { kind: 'copy' } }, 'Op.op', 'unknown kind "copy"'],
  [
    'a lone surrogate',
    { inputs: [{ ...input, digest: '\ud800' }] },
    'Op.inputs[0].digest',
    'is not valid Unicode (a lone surrogate)',
  ],
  ['a list that is none', { inputs: {} }, 'Op.inputs', 'expected a list, got Object'],
  [
    'a Map',
    { inputs: [], op: { kind: 'source', identifier: '', attrs: new Map() } },
    'Op.source.attrs',
    'expected a plain object',
  ],
  [
    'a number for text',
    { inputs: [], op: { kind: 'source', identifier: '', attrs: { k: 1 } } },
    'Op.source.attrs["k"]',
    'expected a string, got 1',
  ],
  [
    'text for a flag',
    { inputs: [], op: { kind: 'exec', ...exec, cdiDevices: [{ name: '', optional: 'yes' }] } },
    'Op.exec.cdiDevices[0].optional',
    'expected true or false, got "yes"',
  ],
  ['nothing for a message', { inputs: [null] }, 'Op.inputs[0]', 'expected a message, got null'],
  [
    'a number for nanoseconds',
    {
      inputs: [],
      op: {
        kind: 'file',
        actions: [
          {
            input: 0,
            secondaryInput: 0,
            output: 0,
            action: { kind: 'mkdir', path: '', mode: 0, makeParents: false, timestamp: 1 },
          },
        ],
      },
    },
    'Op.file.actions[0].mkdir.timestamp',
    'expected a bigint, got 1',
  ],
  [
    'text for bytes',
    {
      inputs: [],
      op: {
        kind: 'file',
        actions: [
          {
            input: 0,
            secondaryInput: 0,
            output: 0,
            action: { kind: 'mkfile', path: '', mode: 0, data: 'x', timestamp: 0n },
          },
        ],
      },
    },
    'Op.file.actions[0].mkfile.data',
    'expected bytes, got "x"',
  ],
];

describe('encoding refuses', () => {
  it.each(refused)('%s', (_, value, path, message) => {
    expect(caught(() => encodeOp(value as never))).toMatchObject({
      code: 'invalid-value',
      path,
      message: `${path}: ${message}`,
    });
  });

  it('numbers that 64 bits do not hold', () => {
    expect(caught(() => encode('Ulimit', { name: '', soft: 2n ** 63n, hard: 0n })).path).toBe('Ulimit.soft');
  });
});

describe('decoding refuses', () => {
  it.each([
    [
      'a field that ends early',
      '0a030a0548',
      'Op.inputs[0].digest',
      'the bytes end in the middle of a field',
    ],
    ['a message that ends early', '0a05', 'Op.inputs[0]', 'the bytes end in the middle of a field'],
    [
      'a field that reaches beyond its message',
      '0a030a05480a016162',
      'Op.inputs[0]',
      'a field reaches beyond its message',
    ],
    ['a wrong wire type', '0801', 'Op.inputs[0]', 'has wire type 0, expected 2'],
    ['text that is not UTF-8', '0a030a01ff', 'Op.inputs[0].digest', 'is not valid UTF-8'],
    [
      'an index beyond 2^53',
      '0a0a10ffffffffffffffff7f',
      'Op.inputs[0].index',
      '9223372036854775807 is out of range',
    ],
    ['field number 0', '0001', 'Op', 'field number 0'],
  ])('%s', (_, bytes, path, message) => {
    const error = caught(() => decodeOp(hex(bytes)));
    expect(error.code).toBe('undecodable');
    expect(error.path).toBe(path);
    if (message) expect(error.message).toBe(`${path}: ${message}`);
  });

  it('messages that nest without end', () => {
    let bytes = new Uint8Array();
    // A definition in the source info of a definition, over and over.
    for (let i = 0; i < 60; i++) bytes = nest(3, nest(2, nest(3, bytes)));
    expect(caught(() => decodeDefinition(bytes)).message).toContain('nested too deeply');
  });

  it('groups that nest without end', () => {
    expect(caught(() => decodeOp(new Uint8Array(200_000).fill(0x7b)))).toBeInstanceOf(PbError);
  });

  it('an op of a definition, by its place', () => {
    const message = { def: [encodeOp({ inputs: [] }), hex('0a05')], metadata: {} };
    expect(caught(() => Definition.from(message)).message).toContain('op 1');
  });
});

describe('decoding takes', () => {
  it('fields it does not know, of any wire type', () => {
    // 20: varint, 21: 64 bits, 22: length, 23: a group, 24: 32 bits; then a digest.
    const unknown = 'a00101a9010102030405060708b2010161bb010801bc01c50101020304';
    expect(decodeOp(hex(`${unknown}0a030a0161`)).inputs).toEqual([{ digest: 'a', index: 0 }]);
  });

  it('a map entry without value, and keys that objects treat in a special way', () => {
    const { op } = decodeOp(hex('1a1212030a0161120b0a095f5f70726f746f5f5f'));
    expect(op?.kind === 'source' && Object.entries(op.attrs)).toEqual([
      ['a', ''],
      ['__proto__', ''],
    ]);
  });

  it('numbers one by one where they are usually packed', () => {
    const op = decodeOp(hex('420410011002'));
    expect(op.op).toEqual({ kind: 'passthrough', id: '', outputs: [1, 2] });
  });

  it('a text that begins with a byte order mark as it is', () => {
    expect(decodeOp(hex('0a060a04efbbbf61')).inputs[0]?.digest).toBe('\ufeffa');
  });
});

function nest(number: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let rest = content.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Uint8Array.from([(number << 3) | 2, ...length, ...content]);
}

function caught(make: () => unknown): PbError {
  try {
    make();
  } catch (error) {
    if (error instanceof PbError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

import { describe, expect, it } from 'vitest';
import { decodeOp, encodeOp } from './codec.ts';
import { digestOf } from './digest.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

describe('codec', () => {
  it('writes oneof members after the fields with higher numbers', () => {
    const bytes = hex(
      '520e0a05616d64363412056c696e75785a001a300a2e646f636b65722d696d6167653a2f2f646f636b65722e696f2f6c6962726172792f616c70696e653a6c6174657374',
    );
    expect(digestOf(bytes).slice(7, 15)).toBe('a7f9733e');
    const op = decodeOp(bytes);
    expect(op.op).toEqual({
      kind: 'source',
      identifier: 'docker-image://docker.io/library/alpine:latest',
      attrs: {},
    });
    expect(Buffer.from(encodeOp(op)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });

  it('writes negative numbers in ten bytes and keeps bigint timestamps', () => {
    const bytes = hex(
      '5a00222c122a08ffffffffffffffffff0110ffffffffffffffffff0132120a022f6110ed0328ffffffffffffffffff01',
    );
    const op = decodeOp(bytes);
    expect(op.op).toMatchObject({
      kind: 'file',
      actions: [
        {
          input: -1,
          secondaryInput: -1,
          output: 0,
          action: { kind: 'mkdir', path: '/a', mode: 0o755, timestamp: -1n },
        },
      ],
    });
    expect(Buffer.from(encodeOp(op)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });
});

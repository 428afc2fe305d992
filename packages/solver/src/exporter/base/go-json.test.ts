import { describe, expect, it } from 'vitest';
import { goJson } from './go-json.ts';

describe('goJson', () => {
  it('keeps the order of fields and sorts the keys of maps as bytes', () => {
    const map = new Map([
      ['10', 1],
      ['9', 2],
      ['é', 3],
      ['z', 4],
    ]);
    expect(goJson({ b: 1, a: map })).toBe('{"b":1,"a":{"10":1,"9":2,"z":4,"é":3}}');
  });

  it('leaves out what is not there, keeps what is null or empty', () => {
    expect(goJson({ a: undefined, b: null, c: [], d: {} })).toBe('{"b":null,"c":[],"d":{}}');
  });

  it('escapes what Go escapes', () => {
    expect(goJson('<a href="x">&\u2028\u0000\u001f\b\f\n\u007fé')).toBe(
      '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u0000\\u001f\\b\\f\\n\u007fé"',
    );
    expect(goJson('\ud800')).toBe('"\ufffd"');
  });

  it('indents as MarshalIndent does', () => {
    expect(goJson({ a: [1, { b: 'c' }], d: [], e: new Map([['x', 'y']]) }, '  ')).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": "c"\n    }\n  ],\n  "d": [],\n  "e": {\n    "x": "y"\n  }\n}',
    );
  });
});

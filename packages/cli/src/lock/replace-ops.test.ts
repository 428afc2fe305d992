import {
  Definition,
  type DefinitionEntry,
  type Digest,
  digestOf,
  encodeHead,
  encodeOp,
  noMetadata,
  type Op,
} from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import { type NewOp, replaceOps } from './replace-ops.ts';

const source = (identifier: string): Op => ({
  inputs: [],
  constraints: { filter: [] },
  op: { kind: 'source', identifier, attrs: {} },
});
const on = (...digests: readonly string[]): Op => ({
  inputs: digests.map((digest) => ({ digest, index: 0 })),
  constraints: { filter: [] },
  op: { kind: 'merge', inputs: digests.map((_, input) => ({ input })) },
});

/** A definition of ops of which the last is the result. */
function definitionOf(bytes: readonly Uint8Array[]): Definition {
  const digests = bytes.map((one) => digestOf(one));
  return Definition.from({
    def: [...bytes, encodeHead({ digest: digests.at(-1) as Digest, index: 0 })],
    metadata: Object.fromEntries(
      digests.map((digest, i) => [digest, { ...noMetadata, description: { place: String(i) } }]),
    ),
    source: {
      infos: [{ filename: 'build.ts', data: new Uint8Array(), language: 'TypeScript' }],
      locations: Object.fromEntries(digests.map((digest) => [digest, { locations: [] }])),
    },
  });
}

const a = encodeOp(source('docker-image://x/a:1'));
const b = encodeOp(source('docker-image://x/b:1'));
const onB = encodeOp(on(digestOf(b), digestOf(b)));
const top = encodeOp(on(digestOf(a), digestOf(onB)));
const definition = definitionOf([a, b, onB, top]);

/** One source in place of every source. */
function oneForAll({ op: { op } }: DefinitionEntry): NewOp | undefined {
  return op?.kind === 'source' ? { op: { ...op, identifier: 'docker-image://same' }, caps: [] } : undefined;
}

describe('ops replaced in a definition', () => {
  it('nothing changes where none is', () => {
    const { definition: same, originals } = replaceOps(definition, () => undefined);
    expect(same.write()).toEqual(definition.write());
    expect(originals.size).toBe(0);
  });

  it('what needs one is another op, the rest is what it was', () => {
    const { definition: other, originals } = replaceOps(definition, ({ op: { op } }) =>
      op?.kind === 'source' && op.identifier.endsWith('/a:1')
        ? { op: { ...op, identifier: `${op.identifier}@d` }, caps: ['source.image.checksum'] }
        : undefined,
    );
    const changed = encodeOp(source('docker-image://x/a:1@d'));
    const newTop = encodeOp(on(digestOf(changed), digestOf(onB)));
    expect(other.entries.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      [changed, b, onB, newTop].map((bytes) => Buffer.from(bytes)),
    );
    expect(other.head).toEqual({ digest: digestOf(newTop), index: 0 });
    expect(other.get(digestOf(changed))?.metadata).toMatchObject({
      description: { place: '0' },
      caps: { 'source.image.checksum': true },
    });
    expect(other.get(digestOf(newTop))?.metadata.description).toEqual({ place: '3' });
    expect(Object.keys(other.source?.locations ?? {}).sort()).toEqual(
      [changed, b, onB, newTop].map((bytes) => digestOf(bytes)).sort(),
    );
    expect(originals.get(digestOf(changed))).toBe(digestOf(a));
    expect(originals.get(digestOf(newTop))).toBe(digestOf(top));
  });

  it('an op may get an input that was not there, before all others', () => {
    const before = encodeOp(source('local://before'));
    const there = { digest: digestOf(before), index: 0 };
    const { definition: other, originals } = replaceOps(definition, ({ digest, op: { op } }, inputs) =>
      op && digest === digestOf(onB) ? { op, inputs: inputs.with(1, there), before, caps: [] } : undefined,
    );
    const newOnB = encodeOp(on(digestOf(b), digestOf(before)));
    const newTop = encodeOp(on(digestOf(a), digestOf(newOnB)));
    expect(other.entries.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      [before, a, b, newOnB, newTop].map((bytes) => Buffer.from(bytes)),
    );
    expect(originals.get(digestOf(newOnB))).toBe(digestOf(onB));
    expect(originals.has(digestOf(before))).toBe(false);
  });

  it('two that become one are one op', () => {
    const { definition: other } = replaceOps(definition, oneForAll);
    expect(other.entries).toHaveLength(3);
    expect(other.entries.at(-1)?.op.inputs[0]?.digest).toBe(other.entries[0]?.digest);
  });

  it('an order that is not inputs first, and a deep graph, are no matter', () => {
    const bytes = [a];
    for (let i = 0; i < 20_000; i++) bytes.push(encodeOp(on(digestOf(bytes.at(-1) as Uint8Array))));
    const { message, head } = definitionOf(bytes);
    const last = message.def.at(-1) as Uint8Array;
    const reversed = Definition.from({ ...message, def: [...bytes.toReversed(), last] });
    const { definition: other } = replaceOps(reversed, oneForAll);
    expect(other.entries).toHaveLength(bytes.length);
    expect(other.head?.digest).not.toBe(head?.digest);
    expect(other.get(other.head?.digest ?? '')?.op.inputs).toHaveLength(1);
  });

  it('an op that says more than can be read is not written again', () => {
    const unknown = Buffer.concat([a, Buffer.from([0xf2, 0x3f, 0x01, 0x78])]);
    const only = definitionOf([unknown]);
    expect(() => replaceOps(only, oneForAll)).toThrow('it was written by a newer LLB client');
    expect(replaceOps(only, () => undefined).definition.write()).toEqual(only.write());
  });
});

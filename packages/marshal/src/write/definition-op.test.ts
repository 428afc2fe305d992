import {
  AddMount,
  Image,
  LinuxArm64,
  Merge,
  Mkdir,
  NewSourceMap,
  NewState,
  Scratch,
  Shlex,
  WithCustomName,
} from '@llb-ts/llb';
import { Definition, type DefinitionMessage, encodeOp } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import { marshal } from '../marshal.ts';
import { NewDefinitionOp } from './definition-op.ts';

const map = NewSourceMap(undefined, 'Dockerfile', 'Dockerfile', 'FROM a');
const place = map.Location([{ start: { line: 1, character: 0 }, end: { line: 1, character: 6 } }]);
const base = Image('a', place, WithCustomName('base'));
const run = base.Run(Shlex('x'), AddMount('/out', base.File(Mkdir('/o', 0o755))));
const arm = { constraints: [LinuxArm64] };

describe('NewDefinitionOp', () => {
  it('gives the same definition back, whatever constraints come later', async () => {
    const first = await marshal(run.GetMount('/out'), arm);
    const again = await marshal(NewDefinitionOp(first.write()));
    expect(again.message.def).toEqual(first.message.def);
    expect(again.entries.map(({ metadata }) => metadata)).toEqual(
      first.entries.map(({ metadata }) => metadata),
    );
    expect(again.source?.infos).toEqual(first.source?.infos);
    expect(again.head).toEqual(first.head);
    expect(again.head?.index).toBe(1);
  });

  it('can be built on, and meets its own ops again', async () => {
    const first = await marshal(base, arm);
    const loaded = NewDefinitionOp(first);
    expect(loaded.GetDir()).toBe('/');
    expect(loaded.GetPlatform()).toBeUndefined();
    expect(NewState(loaded).GetPlatform()).toBeUndefined();
    expect(NewState(loaded.Output()).GetPlatform()).toEqual({ os: 'linux', architecture: 'arm64' });
    const { entries } = await marshal(Merge(loaded.File(Mkdir('/x', 0o755)), base), arm);
    expect(entries.map(({ op }) => op.op?.kind)).toEqual(['source', 'file', 'merge']);
    expect(entries[0]?.bytes).toEqual(first.entries[0]?.bytes);
    expect(entries[0]?.metadata.description).toEqual({ 'llb.customname': 'base' });
  });

  it('of nothing is scratch', async () => {
    expect(NewDefinitionOp(await marshal(Scratch())).Output()).toBeUndefined();
  });

  it.each<[string, () => DefinitionMessage | undefined, string]>([
    ['nothing', () => undefined, 'invalid nil input definition to definition op'],
    [
      'an end that points nowhere',
      () => ({ def: [encodeOp({ inputs: [] })], metadata: {} }),
      'invalid definition with no inputs on last vertex',
    ],
    [
      'a place in no file',
      () => ({
        def: [encodeOp({ inputs: [{ digest: 'sha256:aa', index: 0 }] })],
        metadata: {},
        source: { infos: [], locations: { 'sha256:aa': { locations: [{ sourceIndex: 2, ranges: [] }] } } },
      }),
      'failed to find source map with index 2',
    ],
  ])('refuses %s', (_, make, message) => {
    expect(() => NewDefinitionOp(make() as DefinitionMessage)).toThrow(message);
  });

  it('refuses bytes that are none, and ops that are missing', async () => {
    expect(() => NewDefinitionOp(Uint8Array.of(0x0a, 0x05))).toThrow('the bytes end');
    const dangling = { def: [encodeOp({ inputs: [{ digest: 'sha256:aa', index: 0 }] })], metadata: {} };
    await expect(marshal(NewDefinitionOp(dangling))).rejects.toMatchObject({
      code: 'invalid-definition',
      message: 'invalid definition op with unknown op "sha256:aa"',
    });
    const { message } = await marshal(base);
    const silent = Definition.from({ ...message, metadata: {} });
    await expect(marshal(NewDefinitionOp(silent))).rejects.toThrow('unknown metas');
  });
});

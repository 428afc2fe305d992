import { type Mount, MountType } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import type { LayerRef } from '../../chain/ref.ts';
import { planMounts } from './mount-plan.ts';
import { plainExec, plainMount } from './testing/exec-rig.ts';

const ref = (id: string): LayerRef => ({ kind: 'layer', id, layer: id, description: '', createdAt: 0 });
const inputs = [ref('a'), ref('b')];

function plan(...mounts: readonly Partial<Mount>[]) {
  const op = { ...plainExec, mounts: mounts.map((mount) => ({ ...plainMount, ...mount })) };
  const { mounts: planned, outputs } = planMounts(op, inputs);
  return {
    kinds: planned.map(({ kind, dest }) => `${dest} ${kind}`),
    outputs: outputs.map((output) => ('ref' in output ? output.ref.id : output.from.dest)),
  };
}

describe('planMounts', () => {
  it.each([
    ['a plain root', [{}], ['/ layer'], ['/']],
    ['a read-only root with an output', [{ readonly: true }], ['/ layer'], ['/']],
    ['a read-only root without', [{ readonly: true, output: -1 }], ['/ dropped'], []],
    ['a root on nothing', [{ input: -1 }], ['/ layer'], ['/']],
    [
      'a read-only mount with an output',
      [{}, { dest: '/m', input: 1, readonly: true }],
      ['/ layer', '/m view'],
      ['/', 'b'],
    ],
    [
      'a writable mount without',
      [{}, { dest: '/m', input: 1, output: -1 }],
      ['/ layer', '/m dropped'],
      ['/'],
    ],
    [
      'a read-only mount without',
      [{}, { dest: '/m', input: 1, output: -1, readonly: true }],
      ['/ layer', '/m view'],
      ['/'],
    ],
    [
      'a read-only mount of nothing',
      [{}, { dest: '/m', input: -1, output: -1, readonly: true }],
      ['/ layer', '/m dropped'],
      ['/'],
    ],
    ['a relative destination', [{}, { dest: 'm/../n', input: -1 }], ['/ layer', '/n layer'], ['/', '/n']],
    ['outputs in the order of the op', [{ dest: '/z', input: -1 }, {}], ['/z layer', '/ layer'], ['/z', '/']],
  ] as const)('%s', (_, mounts, kinds, outputs) => {
    expect(plan(...mounts)).toEqual({ kinds, outputs });
  });

  it('gives a cache with an input and an output that input', () => {
    const cache = { dest: '/c', mountType: MountType.cache, cacheOpt: { id: '', sharing: 0 } };
    expect(plan({}, { ...cache, input: 1 }).outputs).toEqual(['/', 'b']);
    expect(plan({}, { ...cache, input: -1 }).outputs).toEqual(['/']);
  });

  it.each([
    [{ mountType: MountType.tmpfs }, 'invalid mount type TMPFS for /'],
    [{ input: 2 }, 'missing input 2'],
    [{ dest: '/m', mountType: 9 }, 'mount type 9 not implemented'],
    [{ dest: '/m', mountType: MountType.cache }, 'missing cache mount options'],
  ])('refuses %j as BuildKit does', (mount, message) => {
    expect(() => plan(mount)).toThrow(message);
  });
});

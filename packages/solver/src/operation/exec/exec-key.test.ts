import { type ExecOp, type Mount, MountContentCache, MountType } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import { execKey } from './exec-key.ts';
import { plainMount, script } from './testing/exec-rig.ts';

const linux = { os: 'linux', architecture: 'amd64', variant: '', osVersion: '', osFeatures: [] };
const key = (op: ExecOp, inputs = 2) => execKey(op, inputs, linux);
const with_ = (...mounts: readonly Partial<Mount>[]) =>
  script('true', {
    mounts: [plainMount, ...mounts.map((mount) => ({ ...plainMount, input: 1, dest: '/m', ...mount }))],
  });
const cacheMount = (id: string, sharing: number) => ({
  mountType: MountType.cache,
  input: -1,
  cacheOpt: { id, sharing },
});

describe('execKey', () => {
  it.each([
    [
      'addresses of extra hosts',
      script('a', { meta: { extraHosts: [{ host: 'h', ip: '1.1.1.1' }] } }),
      script('a', { meta: { extraHosts: [{ host: 'h', ip: '2.2.2.2' }] } }),
    ],
    [
      'proxies',
      script('a'),
      script('a', {
        meta: { proxyEnv: { httpProxy: 'x', httpsProxy: '', ftpProxy: '', noProxy: '', allProxy: '' } },
      }),
    ],
    ['names of caches', with_(cacheMount('one', 0)), with_(cacheMount('two', 2))],
    [
      'the output number of a plain root',
      script('a'),
      script('a', { mounts: [{ ...plainMount, output: 5 }] }),
    ],
  ])('does not count %s', (_, one, other) => {
    expect(key(one)).toEqual(key(other));
  });

  it.each([
    ['arguments', script('a'), script('b')],
    [
      'the order of variables',
      script('a', { meta: { env: ['A=1', 'B=2'] } }),
      script('a', { meta: { env: ['B=2', 'A=1'] } }),
    ],
    ['a limit', script('a'), script('a', { meta: { ulimit: [{ name: 'nofile', soft: 1n, hard: 2n }] } })],
    ['the usual name of a cache', with_(cacheMount('/m', 0)), with_(cacheMount('other', 0))],
    ['destinations', with_({ dest: '/m' }), with_({ dest: '/n' })],
    ['selectors', with_({ selector: '/x' }), with_({ selector: '/y' })],
    ['the way of a selector that leads back', with_({ selector: 'a/../x' }), with_({ selector: '/x' })],
    [
      'whether a plain root has an output',
      script('a'),
      script('a', { mounts: [{ ...plainMount, output: -1 }] }),
    ],
    ['a secret mount', script('a'), script('a', { secretenv: [{ id: 'x', name: 'X', optional: false }] })],
  ])('counts %s', (_, one, other) => {
    expect(key(one)).not.toEqual(key(other));
  });

  it.each([
    ['the root', {}, 0, 'ref'],
    ['a writable mount of a whole input', {}, 1, 'content'],
    ['a writable mount of a part', { selector: '/x' }, 1, 'ref'],
    ['a read-only mount of a part', { selector: '/x', readonly: true }, 1, 'content'],
    ['a mount of a part without output', { selector: '/x', output: -1 }, 1, 'content'],
    ['a mount that asks not to', { readonly: true, contentCache: MountContentCache.off }, 1, 'ref'],
  ] as const)('keys %s by what it should', (_, mount, input, by) => {
    expect(key(with_(mount)).inputs[input]).toMatchObject({ by });
  });

  it('selects only the parts that are mounted, each once, and all if any is all', () => {
    const selected = (...selectors: readonly string[]) => {
      const input = key(with_(...selectors.map((selector) => ({ selector, readonly: true })))).inputs[1];
      return input?.by === 'content' ? input.selectors.map(({ path }) => path) : [];
    };
    expect(selected('/b', 'a', '/b/')).toEqual(['/a', '/b']);
    expect(selected('/b', '')).toEqual(['/']);
    // A link on the way may lead anywhere.
    expect(selected('/a/../b')).toEqual(['/']);
  });

  it('lets the last mount of an input decide', () => {
    const key1 = key(with_({ selector: '/x' }, { selector: '/y', readonly: true })).inputs[1];
    const key2 = key(with_({ selector: '/y', readonly: true }, { selector: '/x' })).inputs[1];
    expect([key1?.by, key2?.by]).toEqual(['content', 'ref']);
  });

  it('refuses to key by content what it cannot', () => {
    const op = with_({ selector: '/x', contentCache: MountContentCache.on });
    expect(() => key(op)).toThrow('invalid mount cache content');
  });

  it('is JSON', () => {
    const op = script('a', { meta: { ulimit: [{ name: 'nofile', soft: 1n, hard: -1n }] } });
    expect(JSON.parse(JSON.stringify(key(op).recipe))).toMatchObject({ type: 'buildkit.exec.v0' });
  });
});

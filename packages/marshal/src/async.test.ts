import {
  type AsyncContext,
  Image,
  type ImageConfigResolver,
  LinuxArm64,
  LinuxS390x,
  Merge,
  Mkfile,
  ResolveDigest,
  Scratch,
  Shlex,
  type State,
  WithMetaResolver,
} from '@llb-ts/llb';
import { describe, expect, it } from 'vitest';
import { imageConfigOf, localsOf, resolve } from './look.ts';
import { marshal } from './marshal.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const config = JSON.stringify({
  os: 'linux',
  architecture: 'arm64',
  config: { Env: ['PATH=/image'], WorkingDir: '/image', Cmd: ['sh'] },
});

function resolverFor(asked: unknown[]): ImageConfigResolver {
  return {
    resolveImageConfig: async (ref, options) => {
      asked.push([ref, options]);
      return { ref, digest, config };
    },
  };
}

async function identifiers(state: State, options: Parameters<typeof marshal>[1] = {}) {
  const { entries } = await marshal(state, { constraints: [LinuxArm64], ...options });
  return entries.flatMap(({ op }) => (op.op?.kind === 'source' ? [op.op.identifier] : []));
}

describe('async states', () => {
  it('are computed once, with the constraints of the first marshal', async () => {
    const seen: AsyncContext[] = [];
    const state = Image('a').Async(async (before, context) => {
      seen.push(context);
      return before.AddEnv('LATER', '1').Dir('/later');
    });
    const run = state.AddEnv('A', '2').Dir('sub').Run(Shlex('x')).Root();
    const merged = Merge(run, state.File(Mkfile('f', 0o644, '')));
    await Promise.all([marshal(merged, { constraints: [LinuxS390x] }), marshal(run)]);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.constraints.platform?.architecture).toBe('s390x');
    const { entries } = await marshal(merged);
    const [, exec, file] = entries.map(({ op }) => op.op);
    expect(exec?.kind === 'exec' && exec.meta).toMatchObject({ cwd: '/later/sub', env: ['LATER=1', 'A=2'] });
    expect(file?.kind === 'file' && file.actions[0]?.action).toMatchObject({ path: '/later/f' });
    expect(state.GetDir()).toBe('/later');
  });

  it('may return each other', async () => {
    const inner = Image('a').Async((state) => state.Dir('/inner'));
    const outer = Scratch().Async(() => inner.Dir('x').AddEnv('K', 'V'));
    const resolved = await resolve(outer.Dir('y'));
    expect(resolved.GetDir()).toBe('/inner/x/y');
    expect(resolved.GetEnv('K')).toBe('V');
    expect(await identifiers(outer)).toEqual(['docker-image://docker.io/library/a:latest']);
  });

  it('go deep without overflowing the stack', async () => {
    let state = Image('a');
    for (let i = 0; i < 5_000; i++) {
      const before = state;
      state = Scratch().Async(() => before.AddEnv('N', String(i)));
    }
    expect((await resolve(state)).GetEnv('N')).toBe('4999');
  });

  it('fail with what their function throws, again and again', async () => {
    const error = new Error('no network');
    const state = Image('a').Async(async () => {
      throw error;
    });
    await expect(marshal(state)).rejects.toBe(error);
    await expect(marshal(Merge(Image('b'), state))).rejects.toBe(error);
    expect(() => state.GetDir()).toThrow(error);
  });

  it('must be states', async () => {
    const state = Image('a').Async(() => 1 as never);
    await expect(marshal(state)).rejects.toMatchObject({
      code: 'invalid-async',
      message: 'an async state returned no State but number',
      callSite: { filename: expect.stringContaining('async.test.ts') },
    });
  });

  it('are scratch alone, but not as an input', async () => {
    const nothing = Scratch().Async(() => Scratch());
    expect((await marshal(nothing)).isEmpty).toBe(true);
    await expect(marshal(Merge(Image('a'), nothing))).rejects.toMatchObject({ code: 'invalid-async' });
    await expect(marshal(nothing.Run(Shlex('x')).Root())).rejects.toMatchObject({ code: 'invalid-async' });
  });

  it.each<[string, () => State]>([
    [
      'returns itself',
      () => {
        const state: State = Image('a').Async(() => state);
        return state;
      },
    ],
    [
      'returns what is built on it',
      () => {
        const state: State = Image('a').Async(() => state.Run(Shlex('x')).Root());
        return state;
      },
    ],
    [
      'waits for itself',
      () => {
        const state: State = Image('a').Async(async (before) => {
          await resolve(state.Dir('/x'));
          return before;
        });
        return state;
      },
    ],
  ])('cannot be one that %s', async (_, make) => {
    await expect(marshal(make())).rejects.toMatchObject({ code: 'cyclic-state' });
    await expect(resolve(make())).rejects.toMatchObject({ code: 'cyclic-state' });
  });

  it('cannot be mounted into themselves either', async () => {
    const run = Image('a').Run(Shlex('x'));
    run.AddMount('/self', run.Root());
    await expect(marshal(run.Root())).rejects.toMatchObject({ code: 'cyclic-state' });
  });
});

describe('image configs', () => {
  it('are asked for with the platform and mode of the image', async () => {
    const asked: unknown[] = [];
    const state = Image('a', WithMetaResolver(resolverFor(asked)), { resolveMode: 'pull' }, LinuxS390x);
    const run = state.Dir('rel').Run(Shlex('x'));
    const { entries } = await marshal(run);
    expect(asked).toEqual([
      [
        'docker.io/library/a:latest',
        { platform: { os: 'linux', architecture: 's390x' }, resolveMode: 'pull' },
      ],
    ]);
    expect(entries[1]?.op.op).toMatchObject({ meta: { cwd: '/image/rel', env: ['PATH=/image'] } });
    expect(entries.map(({ op }) => op.platform?.architecture)).toEqual(['s390x', 'arm64']);
    expect(imageConfigOf(run)).toEqual({ Env: ['PATH=/image'], WorkingDir: '/image', Cmd: ['sh'] });
  });

  it('pin the digest when that is wanted, tag kept', async () => {
    const imageConfigResolver = resolverFor([]);
    const pinned = Image('a:1', WithMetaResolver(), ResolveDigest(true));
    expect(await identifiers(pinned, { imageConfigResolver })).toEqual([
      `docker-image://docker.io/library/a:1@${digest}`,
    ]);
    const given = Image(`a@${digest}`, WithMetaResolver(), ResolveDigest(true));
    expect(await identifiers(given, { imageConfigResolver })).toEqual([
      `docker-image://docker.io/library/a@${digest}`,
    ]);
  });

  it('need somebody who knows', async () => {
    await expect(marshal(Image('a', WithMetaResolver()))).rejects.toMatchObject({
      message: 'nobody can tell the config of docker.io/library/a:latest',
    });
  });

  it('that are none are a mistake of the image', async () => {
    const resolver = { resolveImageConfig: async (ref: string) => ({ ref, config: 'no JSON' }) };
    await expect(marshal(Image('a', WithMetaResolver(resolver)))).rejects.toMatchObject({
      message: expect.stringContaining('Image: the image config is no JSON'),
      callSite: { filename: expect.stringContaining('async.test.ts') },
    });
  });

  it('are written with a whole platform', () => {
    const state = Scratch().ImageConfig({ platform: 'linux/arm64', cmd: ['x'] });
    expect(imageConfigOf(state)).toEqual({
      Cmd: ['x'],
      platform: { os: 'linux', architecture: 'arm64', variant: '', osVersion: '', osFeatures: [] },
    });
    expect(imageConfigOf(Scratch())).toBeUndefined();
    expect(localsOf(Scratch())).toEqual([]);
  });
});

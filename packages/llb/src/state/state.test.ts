import { describe, expect, it } from 'vitest';
import {
  AddEnv,
  AddMount,
  Dir,
  Image,
  LinuxArm64,
  NewState,
  Platform,
  Reset,
  Scratch,
  Shlex,
  State,
  User,
  With,
} from '../index.ts';

const base = Image('alpine');

describe('values of a State', () => {
  it('are those of the verbs, and the State before has none of them', () => {
    const before = base.Dir('/src');
    const after = before.AddEnv('A', '1').User('app').Hostname('h').Network('none').Security('insecure');
    expect(after.GetEnv('A')).toBe('1');
    expect(after.GetUser()).toBe('app');
    expect(after.GetHostname()).toBe('h');
    expect(after.GetNetwork()).toBe('none');
    expect(after.GetSecurity()).toBe('insecure');
    expect(before.GetEnv('A')).toBeUndefined();
    expect(before.GetUser()).toBe('');
    expect(before.GetNetwork()).toBe('sandbox');
    expect(Object.isFrozen(before)).toBe(true);
    expect(Object.isFrozen(before.environment)).toBe(true);
  });

  it('place a variable where it was set last', () => {
    const env = base.AddEnv('B', '1').AddEnv('A', '2').AddEnv('B', '3').Env();
    expect(env.ToArray()).toEqual(['A=2', 'B=3']);
  });

  it.each([
    ['/abs//path/', '/abs//path/'],
    ['rel', '/rel'],
    ['../..', '/'],
    ['', '/'],
  ])('Dir(%j) on a new State is %j', (given, dir) => {
    expect(base.Dir(given).GetDir()).toBe(dir);
  });

  it('clean a directory that a relative one is set on', () => {
    expect(base.Dir('/a/').Dir('').GetDir()).toBe('/a');
    expect(base.Dir('/a/b').Dir('../c').GetDir()).toBe('/a/c');
  });

  it('use one Dir option for many states', () => {
    const sub = Dir('sub');
    expect(base.Dir('/a').With(sub).GetDir()).toBe('/a/sub');
    expect(base.Dir('/b').With(sub).GetDir()).toBe('/b/sub');
  });

  it('keep hosts and limits in order', () => {
    const state = base.AddExtraHost('a', '1.2.3.4').AddExtraHost('b', 'FE80:0::1').AddUlimit('nofile', 1, -1);
    expect(state.environment.extraHosts).toEqual([
      { host: 'a', ip: '1.2.3.4' },
      { host: 'b', ip: 'fe80::1' },
    ]);
    expect(state.environment.ulimits).toEqual([{ name: 'nofile', soft: 1n, hard: -1n }]);
  });

  it('hold what users keep in them', () => {
    const key = Symbol('key');
    const state = base.WithValue(key, { a: 1 }).WithValue('k', 2);
    expect(state.Value(key)).toEqual({ a: 1 });
    expect(state.Run(Shlex('x')).Root().Value('k')).toBe(2);
    expect(base.Value(key)).toBeUndefined();
  });

  it('normalize the platform of a State, not that of an option', () => {
    expect(base.Platform({ os: 'Linux', architecture: 'x86_64' }).GetPlatform()).toEqual({
      os: 'linux',
      architecture: 'amd64',
    });
    const given = { os: 'linux', architecture: 'amd64', variant: 'v1' };
    const output = Image('a', Platform(given)).Output();
    expect(output?.kind === 'result' && output.platform).toEqual(given);
    expect(base.Platform('linux/arm/v7').GetPlatform()).toEqual({
      os: 'linux',
      architecture: 'arm',
      variant: 'v7',
    });
  });

  it('get the platform of their source', () => {
    expect(Image('a', LinuxArm64).GetPlatform()).toEqual({ os: 'linux', architecture: 'arm64' });
    expect(Image('a', LinuxArm64).Run(Shlex('x')).Root().GetPlatform()?.architecture).toBe('arm64');
    expect(Image('a').Run(Shlex('x'), LinuxArm64).Root().GetPlatform()?.architecture).toBe('arm64');
    expect(Image('a').GetPlatform()).toBeUndefined();
  });
});

describe('Run', () => {
  it('gives its options to the process only', () => {
    const after = base
      .Dir('/a')
      .Run(Shlex('x'), Dir('b'), AddEnv('K', 'V'), With(User('u')))
      .Root();
    expect(after.GetDir()).toBe('/a');
    expect(after.GetEnv('K')).toBeUndefined();
    expect(after.GetUser()).toBe('');
  });

  it('sees the state that its options make', () => {
    const output = base.Run(Shlex('x y'), Dir('/d'), AddEnv('K', 'V')).Output();
    const environment = output?.kind === 'mount' ? output.vertex.environment : undefined;
    expect(environment?.args).toEqual(['x', 'y']);
    expect(environment?.dir).toBe('/d');
    expect(environment?.env.ToArray()).toEqual(['K=V']);
  });

  it('hands out mounts by their target', () => {
    const run = base.Run(Shlex('x'), AddMount('/out', Scratch()));
    expect(run.GetMount('/out').Output()).toMatchObject({ kind: 'mount', mount: { target: '/out' } });
    expect(run.GetMount('/out').GetDir()).toBe('/');
    expect(run.GetMount('/').Output()).toBe(run.Root().Output());
    expect(run.GetMount('/nothing').Output()).toBeUndefined();
  });

  it('takes one more mount afterwards, with the values of what is mounted', () => {
    const run = base.Run(Shlex('x'));
    const root = run.Root().Output();
    const left = run.AddMount('/src', Scratch().Dir('/w'));
    expect(left.GetDir()).toBe('/w');
    expect(left.Output()).toMatchObject({ kind: 'mount', mount: { target: '/src' } });
    expect(root?.kind === 'mount' && root.vertex.mounts.map((mount) => mount.target)).toEqual(['/', '/src']);
  });
});

describe('Reset', () => {
  it('takes values and starts in the root directory', () => {
    const other = base.Dir('/o').AddEnv('O', '1').User('o');
    const state = Image('b').Dir('/s').AddEnv('S', '1').Reset(other);
    expect(state.GetDir()).toBe('/');
    expect(state.Env().ToArray()).toEqual(['O=1']);
    expect(state.GetUser()).toBe('o');
    expect(state.Output()).not.toBe(other.Output());
  });

  it('takes the directory too where the filesystem has a platform', () => {
    const other = base.Dir('/o').Platform('linux/s390x');
    const state = Image('b', LinuxArm64).Dir('/s').With(Reset(other));
    expect(state.GetDir()).toBe('/o');
    expect(state.GetPlatform()?.architecture).toBe('arm64');
  });
});

describe('image config', () => {
  const json = JSON.stringify({
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    config: {
      env: ['PATH=/bin', 'EMPTY', '=x', 'EQ=a=b'],
      WorkingDir: 'work',
      Entrypoint: ['/init'],
      Labels: { a: 'b' },
      User: 'u',
    },
  });

  it('gives variables, directory and platform, as in Go whatever the case of its names', () => {
    const state = base.Dir('/d').WithImageConfig(json);
    expect(state.Env().ToArray()).toEqual(['PATH=/bin', 'EMPTY=', 'EQ=a=b']);
    expect(state.GetDir()).toBe('/d/work');
    expect(state.GetPlatform()).toEqual({ os: 'linux', architecture: 'arm64' });
    expect(state.GetUser()).toBe('');
  });

  it('travels with the State and what is built on it', () => {
    const state = base
      .WithImageConfig(json)
      .ImageConfig({
        cmd: ['serve'],
        labels: { c: 'd' },
        env: { PATH: '/usr/bin' },
        exposedPorts: [80, '53/udp'],
      })
      .Run(Shlex('x'))
      .Root();
    expect(state.environment.imageConfig).toEqual({
      Env: ['PATH=/usr/bin', 'EMPTY', '=x', 'EQ=a=b'],
      WorkingDir: 'work',
      Entrypoint: ['/init'],
      Cmd: ['serve'],
      Labels: { a: 'b', c: 'd' },
      User: 'u',
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    });
  });
});

describe('states of no filesystem', () => {
  it('are scratch', () => {
    expect(Scratch().Output()).toBeUndefined();
    expect(NewState(undefined).GetDir()).toBe('/');
    expect(Scratch()).toBeInstanceOf(State);
  });

  it('cannot say what an async state has before it is computed', () => {
    const state = base.Async((s) => s.Dir('/later')).AddEnv('A', '1');
    expect(() => state.GetDir()).toThrow('the values of an async state are not known yet');
  });
});

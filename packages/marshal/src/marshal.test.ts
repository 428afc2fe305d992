import {
  AddMount,
  Args,
  type ConstraintsOpt,
  Diff,
  Dir,
  IgnoreCache,
  Image,
  LinuxAmd64,
  LinuxArm64,
  Local,
  Merge,
  MergeUnique,
  Mkdir,
  Mkfile,
  NewPassthroughOp,
  NewState,
  ProgressGroup,
  Readonly,
  ReadonlyRootFS,
  Scratch,
  Shlex,
  Squash,
  type State,
  Subdir,
  WithCaps,
  WithCustomName,
  WithDescription,
  WithExportCache,
  WithoutExportCache,
} from '@llb-ts/llb';
import { Definition, type ExecOp, type OpKind } from '@llb-ts/pb';
import { describe, expect, it } from 'vitest';
import { marshal } from './marshal.ts';

const amd64 = { constraints: [LinuxAmd64] };

async function opsOf(state: State, ...constraints: readonly ConstraintsOpt[]): Promise<readonly OpKind[]> {
  const { entries } = await marshal(state, { constraints: [LinuxAmd64, ...constraints] });
  return entries.flatMap(({ op }) => op.op ?? []);
}

async function execOf(state: State, ...constraints: readonly ConstraintsOpt[]): Promise<ExecOp> {
  const op = (await opsOf(state, ...constraints)).at(-1);
  if (op?.kind !== 'exec') throw new Error('the last op is no exec');
  return op;
}

describe('marshal', () => {
  it('gives an empty definition for scratch', async () => {
    const definition = await marshal(Scratch(), amd64);
    expect(definition.isEmpty).toBe(true);
    expect(definition.message).toEqual({ def: [], metadata: {} });
  });

  it('writes each op once, inputs first, and reads back what it wrote', async () => {
    const a = Image('a');
    const state = Merge(a, a.File(Mkdir('/x', 0o755)), Image('a'));
    const definition = await marshal(state, amd64);
    expect(definition.entries.map(({ op }) => op.op?.kind)).toEqual(['source', 'file', 'merge']);
    const again = Definition.read(definition.write());
    expect(again.entries.map(({ digest, op, metadata }) => ({ digest, op, metadata }))).toEqual(
      definition.entries.map(({ digest, op, metadata }) => ({ digest, op, metadata })),
    );
    expect(again.head).toEqual(definition.head);
    expect(again.message).toEqual(definition.message);
  });

  it('is the same for the same State, except for the id of local folders', async () => {
    const state = Image('a').Run(Shlex('x')).Root();
    expect((await marshal(state, amd64)).write()).toEqual((await marshal(state, amd64)).write());
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const [op] = await opsOf(Local('ctx'));
        return op?.kind === 'source' ? op.attrs['local.unique'] : undefined;
      }),
    );
    expect(ids[0]).toMatch(/^[0-9a-z]{25}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('numbers the outputs of a process by its mounts, sorted', async () => {
    const run = Image('a').Run(
      Shlex('x'),
      AddMount('/z', Scratch()),
      AddMount('/ro', Image('b'), Readonly()),
    );
    const [z, root] = await Promise.all(
      [run.GetMount('/z'), run.Root()].map(async (state) => (await marshal(state, amd64)).head),
    );
    expect(root?.index).toBe(0);
    expect(z?.index).toBe(1);
    run.AddMount('/b', Scratch());
    expect((await marshal(run.GetMount('/z'), amd64)).head?.index).toBe(2);
  });

  it('leaves a process out that wrote nothing to its root', async () => {
    const run = Image('a').Run(Shlex('x'), ReadonlyRootFS(), AddMount('/out', Scratch()));
    expect((await opsOf(run.GetMount('/'))).map(({ kind }) => kind)).toEqual(['source']);
    expect((await opsOf(run.GetMount('/out'))).map(({ kind }) => kind)).toEqual(['source', 'exec']);
  });

  it('hands through the outputs of a passthrough', async () => {
    const op = NewPassthroughOp('id', [
      { state: Image('a'), output: true },
      { state: Image('b') },
      { state: Scratch(), output: true },
      { state: Image('c'), output: true },
    ]);
    const definition = await marshal(NewState(op.OutputAt(1)), amd64);
    expect(definition.head?.index).toBe(1);
    expect(definition.entries.at(-1)?.op.op).toMatchObject({ id: 'id', outputs: [0, 2] });
  });

  it('writes the default PATH only for daemons that do not set it', async () => {
    const run = Image('a').Run(Shlex('x'));
    expect((await execOf(run)).meta?.env).toEqual([]);
    expect((await execOf(run, WithCaps([]))).meta?.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
    expect((await execOf(run, WithCaps(['exec.meta.setsdefaultpath']))).meta?.env).toEqual([]);
    expect((await execOf(run.AddEnv('PATH', '/x').Run(Args(['y'])), WithCaps([]))).meta?.env).toEqual([
      'PATH=/x',
    ]);
  });

  it('takes the defaults of exactly the State that has them', async () => {
    const state = Image('a').SetMarshalDefaults(LinuxArm64);
    expect((await marshal(state)).entries[0]?.op.platform?.architecture).toBe('arm64');
    expect((await marshal(state, amd64)).entries[0]?.op.platform?.architecture).toBe('amd64');
    const further = await marshal(state.Dir('/x').Run(Shlex('x'), Dir('/')).Root(), amd64);
    expect(further.entries[0]?.op.platform?.architecture).toBe('amd64');
  });
});

describe('metadata', () => {
  it('of the marshal is said about every op, that of an op wins', async () => {
    const state = Image('a', WithoutExportCache()).File(Mkdir('/x', 0o755), ProgressGroup('g', 'group'));
    const {
      entries,
      message,
      digest = '',
    } = await marshal(state, {
      constraints: [LinuxAmd64, WithExportCache(), IgnoreCache],
    });
    expect(entries.map(({ metadata }) => metadata)).toMatchObject([
      { ignoreCache: true, exportCache: { value: false } },
      {
        ignoreCache: true,
        exportCache: { value: true },
        progressGroup: { id: 'g', name: 'group', weak: false },
      },
    ]);
    expect(Object.keys(message.metadata[digest]?.caps ?? {}).sort()).toEqual([
      'constraints',
      'meta.exportcache',
      'meta.ignorecache',
      'platform',
    ]);
  });

  it('of equal ops is put together', async () => {
    const state = Merge(
      Image('a', WithCustomName('one')),
      Image('a', WithDescription({ k: 'v' }), IgnoreCache),
    );
    const { entries } = await marshal(state, amd64);
    expect(entries[0]?.metadata).toMatchObject({
      ignoreCache: true,
      description: { 'llb.customname': 'one', k: 'v' },
    });
  });

  it("carries descriptions on to later ops when the marshal has one, as Go's client does", async () => {
    const state = Image('a', WithDescription({ a: '1' })).File(
      Mkdir('/x', 0o755),
      WithDescription({ b: '2' }),
    );
    const { entries } = await marshal(state, { constraints: [LinuxAmd64, WithDescription({ all: '0' })] });
    expect(entries.map(({ metadata }) => metadata.description)).toEqual([
      { all: '0', a: '1' },
      { all: '0', a: '1', b: '2' },
    ]);
    const without = await marshal(state, amd64);
    expect(without.entries.map(({ metadata }) => metadata.description)).toEqual([{ a: '1' }, { b: '2' }]);
  });
});

describe('helpers', () => {
  const base = Image('base');
  const step = (state: State, name: string) => state.File(Mkfile(`/${name}`, 0o644, name));
  const bytes = async (state: State) => Buffer.from((await marshal(state, amd64)).write()).toString('hex');
  const same = async (a: State, b: State) => expect(await bytes(a)).toBe(await bytes(b));

  it('MergeUnique takes what states share once', async () => {
    const [a, b] = [step(base, 'a'), step(base, 'b')];
    await same(MergeUnique(a, b), Merge(a, Diff(base, b)));
    const setup = step(base, 'setup');
    const [c, d] = [step(setup, 'c'), step(setup, 'd')];
    await same(MergeUnique([a, c, d]), Merge(a, Diff(base, c), Diff(setup, d)));
    await same(MergeUnique(a, base, a), a);
    await same(MergeUnique(a, Image('other')), Merge(a, Image('other')));
    await same(MergeUnique(step(Image('base'), 'a'), b), Merge(a, Diff(Image('base'), b)));
    await same(MergeUnique(Scratch()), Scratch());
  });

  it('MergeUnique follows processes, their mounts and merges down to what they were made from', async () => {
    const run = base.Run(Shlex('x'), AddMount('/src', step(base, 's')));
    const merged = Merge(base, step(Scratch(), 'm'));
    await same(
      MergeUnique(run.Root(), run.GetMount('/src'), merged),
      Merge(run.Root(), Diff(base, run.GetMount('/src')), Diff(base, merged)),
    );
  });

  it('Squash and Subdir copy', async () => {
    const [, op] = await opsOf(Squash(base.Dir('/w')));
    expect(op).toMatchObject({
      kind: 'file',
      actions: [{ input: -1, secondaryInput: 0, action: { src: '/', dest: '/', dirCopyContents: true } }],
    });
    expect(Squash(base.Dir('/w')).GetDir()).toBe('/w');
    const [, sub] = await opsOf(Subdir(base.Dir('/w'), 'x'));
    expect(sub).toMatchObject({ actions: [{ action: { src: '/w/x', dest: '/' } }] });
    expect(Squash(Scratch()).Output()).toBeUndefined();
  });
});

describe('large graphs', () => {
  it('do not overflow the stack', async () => {
    let chain = Image('a');
    for (let i = 0; i < 20_000; i++) chain = chain.Run(Args(['step', String(i)])).Root();
    expect((await marshal(chain, amd64)).entries).toHaveLength(20_001);
  });

  it('do not overflow it by actions that copy from actions either', async () => {
    let action = Mkdir('/0', 0o755);
    for (let i = 1; i < 5_000; i++) {
      action = Mkdir(`/${i}`, 0o755).Copy(action.WithState(Scratch()), '/', '/', {
        copyDirContentsOnly: true,
      });
    }
    const [op] = await opsOf(Scratch().File(action));
    expect(op?.kind === 'file' && op.actions).toHaveLength(9_999);
  });

  it('do not take longer per step the longer they are', async () => {
    const time = async (steps: number) => {
      let chain = Image('a');
      for (let i = 0; i < steps; i++)
        chain = chain
          .AddEnv('STEP', String(i))
          .Run(Args(['x']))
          .Root();
      const start = process.cpuUsage();
      await marshal(chain, amd64);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / steps;
    };
    await time(2_000);
    const [short, long] = [await time(2_000), await time(20_000)];
    // Quadratic would be ten times as long; the rest is for the noise of a shared machine.
    expect(long / short).toBeLessThan(4);
  });
});

describe('options of marshal', () => {
  it.each<[string, unknown, string]>([
    ['a constraint in their place', LinuxArm64, 'marshal: options are one record'],
    ['a misspelled name', { constraint: [] }, 'marshal: there is no option "constraint"'],
    ['one constraint', { constraints: LinuxArm64 }, 'marshal: constraints must be a list'],
    ['no function', { sourceText: 'x' }, 'marshal: sourceText must be a function'],
  ])('refuse %s', async (_, options, message) => {
    await expect(marshal(Image('a'), options as never)).rejects.toThrow(message);
  });
});

import { describe, expectTypeOf, it } from 'vitest';
import {
  AddEnv,
  AddMount,
  AddSecret,
  AddSecretWithDest,
  AsPersistentCacheDir,
  type ConstraintsOpt,
  Copy,
  type ExecState,
  ForceNoOutput,
  IgnoreCache,
  Image,
  LinuxAmd64,
  Local,
  Merge,
  Mkdir,
  Mkfile,
  type NoOutput,
  Readonly,
  type ReadonlyExecState,
  ReadonlyRootFS,
  Rm,
  type RunOption,
  Scratch,
  SecretAsEnvName,
  Shlex,
  SourcePath,
  type State,
  type StateOption,
  Tmpfs,
  WithAllowNotFound,
  WithParents,
  WithUser,
} from './index.ts';

const base = Image('alpine');

describe('types', () => {
  it('tell which mounts keep something', () => {
    const run = base.Run(Shlex('x'));
    expectTypeOf(run).toEqualTypeOf<ExecState>();
    expectTypeOf(run.Root()).toEqualTypeOf<State>();
    expectTypeOf(run.AddMount('/a', Scratch())).toEqualTypeOf<State>();
    expectTypeOf(run.AddMount('/a', base, SourcePath('/x'))).toEqualTypeOf<State>();
    expectTypeOf(run.AddMount('/a', base, Readonly())).toEqualTypeOf<State>();
    expectTypeOf(run.AddMount('/a', Scratch(), Tmpfs())).toEqualTypeOf<NoOutput>();
    expectTypeOf(run.AddMount('/a', Scratch(), { tmpfs: { size: 1 } })).toEqualTypeOf<NoOutput>();
    expectTypeOf(run.AddMount('/a', Scratch(), ForceNoOutput())).toEqualTypeOf<NoOutput>();
    expectTypeOf(run.AddMount('/a', Scratch(), AsPersistentCacheDir('c'))).toEqualTypeOf<NoOutput>();
  });

  it('tell what a mount of a run keeps', () => {
    const mounts = [
      AddMount('/t', Scratch(), Tmpfs()),
      AddMount('/c', Scratch(), AsPersistentCacheDir('c')),
    ] as const;
    const run = base.Run(Shlex('x'), ...mounts, AddMount('/out', Scratch()));
    expectTypeOf(run.GetMount('/t')).toEqualTypeOf<NoOutput>();
    expectTypeOf(run.GetMount('/c')).toEqualTypeOf<NoOutput>();
    expectTypeOf(run.GetMount('/out')).toEqualTypeOf<State>();
    expectTypeOf(run).toExtend<ExecState>();
    expectTypeOf(base.Run(Shlex('x'), ReadonlyRootFS(), ...mounts).GetMount('/t')).toEqualTypeOf<NoOutput>();
  });

  it('take what a condition left out for no option', () => {
    const isArm = Math.random() > 2;
    expectTypeOf(Image('a', isArm && LinuxAmd64)).toEqualTypeOf<State>();
    expectTypeOf(
      base.Run(Shlex('x'), isArm && AddEnv('A', '1'), isArm ? LinuxAmd64 : null),
    ).toEqualTypeOf<ExecState>();
    expectTypeOf(Local('a', isArm && { dir: '.' })).toEqualTypeOf<State>();
    expectTypeOf(Merge([base], isArm && IgnoreCache)).toEqualTypeOf<State>();
  });

  it('tell that a read-only root has no new root', () => {
    const run = base.Run(Shlex('x'), ReadonlyRootFS(), AddMount('/out', Scratch()));
    expectTypeOf(run).toEqualTypeOf<ReadonlyExecState>();
    expectTypeOf(run.GetMount('/out')).toEqualTypeOf<State>();
  });

  it('tell what is an option of what', () => {
    expectTypeOf(AddEnv('A', '1')).toEqualTypeOf<StateOption>();
    expectTypeOf(IgnoreCache).toEqualTypeOf<ConstraintsOpt>();
    expectTypeOf<StateOption>().toExtend<RunOption>();
    expectTypeOf<ConstraintsOpt>().toExtend<RunOption>();
    const options: readonly RunOption[] = [Shlex('x'), AddEnv('A', '1'), LinuxAmd64];
    expectTypeOf(base.Run(...options)).toEqualTypeOf<ExecState>();
  });

  it('do not let wrong uses through', () => {
    // Never called: what counts is that the compiler refuses each line.
    void (() => {
      const run = base.Run(Shlex('x'));
      // @ts-expect-error a tmpfs keeps nothing to merge
      Merge(base, run.AddMount('/t', Scratch(), Tmpfs()));
      // @ts-expect-error nor to run in
      run.AddMount('/t', Scratch(), Tmpfs()).Run(Shlex('x'));
      // @ts-expect-error a read-only root has no new root
      base.Run(Shlex('x'), ReadonlyRootFS()).Root();
      // @ts-expect-error a secret needs a target or a variable
      AddSecretWithDest('id', undefined);
      AddSecretWithDest('id', undefined, SecretAsEnvName('TOKEN'));
      // @ts-expect-error modes are numbers
      Mkdir('/a', '0755');
      // @ts-expect-error modes are numbers
      AddSecret('/a', { mode: '0400' });
      // @ts-expect-error an option of a mount is none of Run
      base.Run(Shlex('x'), Readonly());
      // @ts-expect-error an option of Run is none of a mount
      AddMount('/a', base, Shlex('x'));
      // @ts-expect-error a change of state is none of an image
      Image('a', AddEnv('A', '1'));
      // @ts-expect-error an option of a directory is none of a removal
      Rm('/a', WithParents(true));
      // @ts-expect-error what is removed has no owner
      Rm('/a', WithUser('app'));
      // @ts-expect-error a misspelled setting
      Copy(base, '/', '/', { createDestPaths: true });
      // @ts-expect-error a misspelled setting
      Local('src', { exclude: ['x'] });
      // @ts-expect-error an unknown word
      Image('a', { resolveMode: 'always' });
      // @ts-expect-error an unknown word
      base.Network('bridge');
      // @ts-expect-error options of Merge come after a list
      Merge(base, base, IgnoreCache);
      Merge([base, base], IgnoreCache);
      // @ts-expect-error content is text or bytes
      Mkfile('/a', 0o644, 5);
      // @ts-expect-error a copy is from a State
      Copy('/src', '/', '/');
      // @ts-expect-error nor from actions without one
      Copy(Mkdir('/a', 0o755), '/', '/');
      Copy(Mkdir('/a', 0o755).WithState(base), '/', '/');
      // @ts-expect-error an exec needs a State to run in, not its options
      base.File(Shlex('x'));
      // @ts-expect-error only constraints are said about a file op
      base.File(Mkdir('/a', 0o755), WithAllowNotFound(true));
      // @ts-expect-error a State cannot be written by hand
      Merge(base, { Output: () => undefined, environment: base.environment });
    });
  });
});

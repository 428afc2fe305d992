import { Platforms, Scratch } from '@llb-ts/llb';
import { describe, expect, it } from 'vitest';
import type { Signature } from './arguments.ts';
import type { Program } from './program.ts';
import { allExportedBy, exportedBy } from './targets.ts';

/** A State as another copy of the language makes it. */
class State {}
const foreign = Object.assign(new State(), { [Symbol.for('@llb-ts/llb.State')]: true });

function chosen(exported: unknown) {
  const program = { shown: 'build.ts', exports: { default: exported }, positions: {} } as unknown as Program;
  return exportedBy(program, { target: undefined, args: [], platforms: [] }, async () => []);
}

function all(
  exported: unknown,
  args: readonly { name: string; value: string }[] = [],
  signatures: Readonly<Record<string, Signature>> = {},
) {
  const program = { shown: 'build.ts', exports: { default: exported }, positions: {} } as unknown as Program;
  const read = async (target: string | undefined) => signatures[target ?? ''];
  return allExportedBy(program, { target: undefined, args, platforms: [] }, read);
}

describe('what is no state', () => {
  it.each([
    ['the default export', foreign],
    ['the default export', () => foreign],
    ['the target "app"', { app: foreign }],
  ])('of another copy of the language: %s', async (what, exported) => {
    await expect(chosen(exported)).rejects.toMatchObject({
      message: `build.ts: ${what} was made by another copy of the language than this program`,
      details: { help: expect.stringContaining("imports 'llb-ts'") },
    });
  });

  it('but is called so', async () => {
    await expect(chosen({ app: new (class State {})() })).rejects.toThrow(
      'build.ts: the target "app" is an object of some class State that is not of llb-ts, not a State',
    );
  });

  it('a state of ours is taken as it is', async () => {
    const state = Scratch();
    expect(await chosen({ app: state })).toBe(state);
  });
});

describe('all targets', () => {
  const argument = (name: string) => ({
    name,
    type: { kind: 'string' } as const,
    isRequired: true,
    doc: '',
  });

  it('are those of a record, also of one that a function returns, or the only one', async () => {
    const [a, b] = [Scratch(), Platforms({ 'linux/amd64': Scratch() })];
    expect(await all({ a, b: async () => b })).toEqual([a, b]);
    expect(await all(() => ({ a, b }))).toEqual([a, b]);
    expect(await all(b)).toEqual([b]);
  });

  it('are given the arguments that they take', async () => {
    const given: unknown[] = [];
    const note = (args: unknown) => {
      given.push(args);
      return Scratch();
    };
    const args = ['x', 'y'].map((name) => ({ name, value: `${name}!` }));
    const signatures = { one: [argument('x')], two: [argument('x'), argument('y')], three: [] };
    await all({ one: note, two: note, three: note, four: Scratch() }, args, signatures);
    expect(given).toEqual([{ x: 'x!' }, { x: 'x!', y: 'y!' }, {}]);
    await expect(all({ one: note, four: Scratch() }, args, signatures)).rejects.toThrow(
      'no target of build.ts has an argument "y"',
    );
  });

  it('are more than none', async () => {
    await expect(all({})).rejects.toThrow('build.ts exports no targets: the record is empty');
  });
});

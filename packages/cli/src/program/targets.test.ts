import { Scratch } from '@llb-ts/llb';
import { describe, expect, it } from 'vitest';
import type { Program } from './program.ts';
import { stateOf } from './targets.ts';

/** A State as another copy of the language makes it. */
class State {}
const foreign = Object.assign(new State(), { [Symbol.for('@llb-ts/llb.State')]: true });

function chosen(exported: unknown) {
  const program = { shown: 'build.ts', exports: { default: exported }, positions: {} } as unknown as Program;
  return stateOf(program, { target: undefined, args: [] }, async () => []);
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

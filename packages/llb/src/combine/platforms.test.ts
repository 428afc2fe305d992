import { describe, expect, it } from 'vitest';
import { Scratch } from '../state/state.ts';
import { isPlatforms, Platforms } from './platforms.ts';

describe('Platforms', () => {
  it('keeps the order and spells each platform one way', () => {
    const [a, b] = [Scratch(), Scratch()];
    const made = Platforms({ 'linux/arm': a, 'linux/x86_64': b });
    expect(made.states).toEqual([
      { platform: { os: 'linux', architecture: 'arm', variant: 'v7' }, state: a },
      { platform: { os: 'linux', architecture: 'amd64' }, state: b },
    ]);
    expect(isPlatforms(made)).toBe(true);
    expect(isPlatforms({ states: [] })).toBe(false);
  });

  it.each([
    [{ 'linux/amd64': Scratch(), 'linux/x86_64': Scratch() }, 'the platform linux/x86_64 is there twice'],
    [{ amd64: Scratch() }, '"amd64" is no platform'],
    [{ 'linux/amd64': 'x' }, 'linux/amd64 must be a State, got "x"'],
    [{}, 'there is no platform in it'],
    [Scratch(), 'a record of states by platform is needed'],
    [undefined, 'a record of states by platform is needed'],
  ])('refuses %#', (states, message) => {
    expect(() => Platforms(states as never)).toThrow(message);
  });
});

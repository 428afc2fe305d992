import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvList } from './env-list.ts';

type Change = readonly ['set' | 'default' | 'delete', string, string];

const name = fc.constantFrom('A', 'B', 'C', 'PATH', 'é', '__proto__', 'constructor');
const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.tuple(fc.constantFrom('set', 'default', 'delete'), name, fc.string({ maxLength: 3 }).map(withoutNul)),
);

function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}

/** The same in the plainest way: a list of pairs. */
function model(list: readonly (readonly [string, string])[], [kind, key, value]: Change): [string, string][] {
  const others = list.filter(([other]) => other !== key).map(([k, v]): [string, string] => [k, v]);
  if (kind === 'delete') return others;
  if (kind === 'default' && others.length < list.length) return list.map(([k, v]) => [k, v]);
  return [...others, [key, value]];
}

function apply(list: EnvList, [kind, key, value]: Change): EnvList {
  if (kind === 'delete') return list.Delete(key);
  return kind === 'default' ? list.SetDefault(key, value) : list.AddOrReplace(key, value);
}

describe('EnvList', () => {
  it('is a list of pairs where the last assignment decides value and place', () => {
    fc.assert(
      fc.property(changes, (list) => {
        let [env, pairs] = [EnvList.empty, [] as [string, string][]];
        const before: (readonly [EnvList, readonly string[]])[] = [];
        for (const change of list) {
          before.push([env, env.ToArray()]);
          env = apply(env, change);
          pairs = model(pairs, change);
          expect(env.ToArray()).toEqual(pairs.map(([key, value]) => `${key}=${value}`));
        }
        expect(env.Keys()).toEqual(pairs.map(([key]) => key));
        for (const [key, value] of pairs) expect(env.Get(key)).toBe(value);
        // Lists that were returned earlier do not change.
        for (const [old, array] of before) expect(old.ToArray()).toEqual(array);
      }),
    );
  });

  it('put after another is as if its assignments had been made there', () => {
    fc.assert(
      fc.property(changes, changes, (first, second) => {
        const sets = second.filter(([kind]) => kind === 'set');
        const lower = first.reduce(apply, EnvList.empty);
        expect(lower.followedBy(sets.reduce(apply, EnvList.empty)).ToArray()).toEqual(
          sets.reduce(apply, lower).ToArray(),
        );
      }),
    );
  });

  it('stays fast with many variables', () => {
    let env = EnvList.empty;
    for (let i = 0; i < 50_000; i++) env = env.with(`VARIABLE_${i}`, String(i));
    expect(env.Get('VARIABLE_0')).toBe('0');
    expect(env.Keys()).toHaveLength(50_000);
  });
});

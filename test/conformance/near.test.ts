import { join } from 'node:path';
import { type Backend, defaultRequest, directories, SolveFailure } from '@llb-ts/backend';
import { marshal } from '@llb-ts/marshal';
import { createLocalBackend } from '@llb-ts/solver';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeFolder } from '../support/folder.ts';
import { readTar } from '../support/read-tar.ts';
import { requires } from '../support/requirements.ts';
import { withTemporaryFolder } from '../support/temporary.ts';
import { type Outcome, outcomeDifferences, type TreeEntry } from '../support/tree.ts';
import { definition, entriesOf, mutation, type NearDefinition, stateOf } from './near/definitions.ts';

const count = Number(process.env.LLB_TS_NEAR_COUNT ?? 60);

requires('root')('what is nearly the same', () => {
  test('comes out of a store that knows the others as out of a new one', { timeout: 600_000 }, () =>
    withTemporaryFolder(async (folder) => {
      const shared = await createLocalBackend({ stateDir: join(folder, 'shared'), jobs: 2 });
      let serial = 0;
      const solve = async (backend: Backend, near: NearDefinition, place: string): Promise<Outcome> => {
        const path = join(place, `${serial++}.tar`);
        const definition = await marshal(stateOf(near));
        try {
          await backend.solve({
            ...defaultRequest,
            target: { kind: 'one', definition },
            folders: directories({ folder: join(place, 'folder') }),
            outputs: [{ type: 'tar', attrs: {}, sink: { kind: 'file', path } }],
          });
        } catch (error) {
          if (error instanceof SolveFailure && error.code === 'step') return { error: error.message };
          throw error;
        }
        return readTar(path).map(withoutTime);
      };
      const check = async (near: NearDefinition) =>
        withTemporaryFolder(async (place) => {
          writeFolder(join(place, 'folder'), entriesOf(near));
          const fresh = await createLocalBackend({ stateDir: join(place, 'state'), jobs: 2 });
          const want = await solve(fresh, near, place).finally(() => fresh.close());
          expect(outcomeDifferences(want, await solve(shared, near, place)), JSON.stringify(near)).toEqual(
            [],
          );
        });
      const walk = fc.record({
        first: definition,
        mutations: fc.array(mutation, { minLength: 3, maxLength: 6 }),
      });
      try {
        await fc.assert(
          fc.asyncProperty(walk, async ({ first, mutations }) => {
            await check(first);
            // Each beside the first one and beside the one before it.
            let last = first;
            for (const mutate of mutations) {
              await check(mutate(first));
              last = mutate(last);
              await check(last);
            }
          }),
          { numRuns: count, seed: Number(process.env.LLB_TS_NEAR_SEED ?? 20_261_124) },
        );
      } finally {
        await shared.close();
      }
    }),
  );
});

/** Equal contents of different times are the same to the cache, as to BuildKit's. */
function withoutTime({ mtime: _, ...entry }: TreeEntry): TreeEntry {
  return entry;
}

import { join } from 'node:path';
import { createLocalBackend } from '@llb-ts/solver';
import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { withTemporaryFolder } from '../support/temporary.ts';
import { type Case, execCases, fileCases } from './load.ts';
import { solveMutated } from './mutations/solve-mutated.ts';

const count = Number(process.env.LLB_TS_MUTATION_COUNT ?? 400);
const first = Number(process.env.LLB_TS_MUTATION_SEED ?? 1);
const minutes = Number(process.env.LLB_TS_FUZZ_MINUTES ?? 2);

// Nobody is to be asked on the network, whatever name comes out.
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']) {
  process.env[name] = 'http://127.0.0.1:9';
}

/** Each has to end in a result or in a failure that tells why: never in an internal error, never not at all. */
function mutationsOf(what: string, load: (folder: string) => Promise<readonly Case[]>, share: number): void {
  test(`${what}: broken definitions fail as they should`, { timeout: (minutes + 2) * 60_000 }, () =>
    withTemporaryFolder(async (folder) => {
      const cases = await load(join(folder, 'locals'));
      const backend = await createLocalBackend({ stateDir: join(folder, 'state') });
      try {
        const { counts, found } = await solveMutated(backend, cases, {
          first,
          count: Math.ceil(count * share),
          folder,
          until: Date.now() + minutes * 60_000,
        });
        expect(found.map(({ seed, from, problem }) => `seed ${seed}, ${from}: ${problem}`)).toEqual([]);
        // Mutations that are all refused, or all harmless, would show nothing.
        for (const number of Object.values(counts)) expect(number).toBeGreaterThan(0);
      } finally {
        await backend.close();
      }
    }),
  );
}

requires('root')('file operations', () => mutationsOf('trees', fileCases, 0.8));
requires('root', 'overlay', 'busybox')('processes', () => mutationsOf('processes', execCases, 0.2));

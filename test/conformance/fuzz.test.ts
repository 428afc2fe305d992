import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';
import { withTemporaryFolder } from '../support/temporary.ts';
import { comparing } from './fuzz/compare.ts';
import { search } from './fuzz/search.ts';

const count = Number(process.env.LLB_TS_FUZZ_COUNT ?? 150);
const minutes = Number(process.env.LLB_TS_FUZZ_MINUTES ?? 5);

requires('reference-buildkit', 'root')('random graphs', () => {
  test(`${count} of them come out as BuildKit has them`, { timeout: (minutes + 2) * 60_000 }, () =>
    withTemporaryFolder(async (folder) => {
      const options = { seed: 20_240_917, count, timeLimit: minutes * 60_000 };
      const { compared, refused, found } = await search(comparing(join(folder, 'state')), options);
      expect(found).toBeUndefined();
      // A generator that makes nothing but failures would agree on everything.
      expect(compared - refused).toBeGreaterThan(compared / 3);
    }),
  );
});

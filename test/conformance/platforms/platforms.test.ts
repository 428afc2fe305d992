import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../../support/requirements.ts';
import { runLlbTs } from '../../support/solvers.ts';
import { withTemporaryFolder } from '../../support/temporary.ts';
import { BUILD, cases, type PlatformCase } from './cases.ts';
import { readExpected } from './expected.ts';
import { failureText, placeOf, readOutcome } from './outcome.ts';

const expected = readExpected();

requires('root')('results for several platforms are exported as BuildKit does', () => {
  test.each(cases)('$name', async (one) => {
    await withTemporaryFolder(async (folder) => {
      const want = expected[one.name]!;
      const dest = placeOf(one, folder);
      const args = ['solve', BUILD, one.target, '--state-dir', join(folder, 'state'), '-o'];
      const { status, stderr } = await runLlbTs([...args, outputOf(one, dest)]);
      if ('error' in want) {
        expect(status).not.toBe(0);
        expect(failureText(stderr)).toContain(want.error);
        expect(existsSync(dest)).toBe(false);
        return;
      }
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      expect(readOutcome(one, dest)).toEqual(want);
    });
  });

  test('all cases were made', () => {
    expect(Object.keys(expected).sort()).toEqual(cases.map(({ name }) => name).sort());
  });
});

function outputOf({ type, attrs }: PlatformCase, dest: string): string {
  const fields = Object.entries({ type, dest, ...attrs }).map(([key, value]) => `"${key}=${value}"`);
  return fields.join(',');
}

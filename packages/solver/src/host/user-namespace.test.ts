import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { idMap, rangesOf } from './user-namespace.ts';

const file = path.join(temporaryFolder(), 'subuid');
fs.writeFileSync(file, '# comment\nann:100000:65536\nbob:200000:10\n1001:300000:5\nann:500000:7\n');

it('finds the ranges of a user by name and by number', () => {
  expect(rangesOf(file, 'ann', 1000)).toEqual([
    { first: 100000, count: 65536 },
    { first: 500000, count: 7 },
  ]);
  expect(rangesOf(file, 'carl', 1001)).toEqual([{ first: 300000, count: 5 }]);
});

it('finds none for a user without', () => {
  expect(rangesOf(file, 'dora', 1)).toEqual([]);
  expect(rangesOf('/no/such', 'ann', 1000)).toEqual([]);
});

it('maps root to the user and the ranges behind one another', () => {
  expect(idMap(1000, rangesOf(file, 'ann', 1000))).toBe('0 1000 1 1 100000 65536 65537 500000 7');
});

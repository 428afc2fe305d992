import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

test('what docs/security.md promises is proved by the tests that it names', () => {
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const promises = page.split('\n').filter((line) => /^\| (?!---|.* \| proof \|)/.test(line));
  expect(promises.length).toBeGreaterThan(20);
  const unproved = promises.filter((line) => {
    const proofs = [...line.matchAll(/`([^`]+\.ts)` "([^"]+)"/g)];
    return proofs.length === 0 || !proofs.every(([, file, words]) => isIn(file!, words!));
  });
  expect(unproved).toEqual([]);
});

function isIn(name: string, words: string): boolean {
  const file = [join(ROOT, name), join(ROOT, 'packages/solver/src', name)].find((path) => existsSync(path));
  return file !== undefined && readFileSync(file, 'utf8').includes(words);
}

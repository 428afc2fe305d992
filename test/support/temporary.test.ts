import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeFolder, temporaryFolder, withTemporaryFolder } from './temporary.ts';

test('a folder of a test lies in the one of the run', () => {
  expect(temporaryFolder().startsWith(`${process.env.LLB_TS_TMP}/llb-ts-test-`)).toBe(true);
});

test('a folder is gone when its use fails', async () => {
  let used = '';
  const failing = withTemporaryFolder(async (folder) => {
    used = folder;
    throw new Error('failed');
  });
  await expect(failing).rejects.toThrow('failed');
  expect(existsSync(used)).toBe(false);
});

test('a folder that may not be written is removed', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'closed/deep'), { recursive: true });
  writeFileSync(join(folder, 'closed/deep/file'), '');
  chmodSync(join(folder, 'closed/deep'), 0o500);
  chmodSync(join(folder, 'closed'), 0);
  removeFolder(folder);
  expect(existsSync(folder)).toBe(false);
});

test('a removal leaves alone what is mounted in a folder', ({ skip }) => {
  const [folder, outside] = [temporaryFolder(), temporaryFolder()];
  writeFileSync(join(outside, 'kept'), '');
  const target = join(folder, 'with space');
  mkdirSync(target);
  skip(spawnSync('mount', ['--bind', outside, target]).status !== 0, 'this user may not mount');
  expect(statSync(target).ino).toBe(statSync(outside).ino);
  removeFolder(folder);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(outside)).toEqual(['kept']);
});

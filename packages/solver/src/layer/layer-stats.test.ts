import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTemporaryFolder } from '../../../../test/support/temporary.ts';
import { LayerStats } from './layer-stats.ts';

describe('what is remembered of entries in layers', () => {
  it('answers for names that a folder does not have without asking each time', async () => {
    await withTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'd'));
      writeFileSync(join(folder, 'd/f'), 'f');
      const stats = new LayerStats();
      for (let i = 0; i < 10; i++) expect(stats.lstat(`${folder}/d`, `missing${i}`)).toBeUndefined();
      expect(stats.lstat(`${folder}/d`, 'f')?.size).toBe(1);
      // Layers never change; that this one does shows where the answer comes from.
      writeFileSync(join(folder, 'd/missing10'), 'too late');
      rmSync(join(folder, 'd/f'));
      expect(stats.lstat(`${folder}/d`, 'missing10')).toBeUndefined();
      expect(stats.lstat(`${folder}/d`, 'f')?.size).toBe(1);
    });
  });

  it('leaves it to the kernel to refuse a name that is too long', async () => {
    await withTemporaryFolder(async (folder) => {
      const stats = new LayerStats();
      for (let i = 0; i < 10; i++) stats.lstat(folder, `missing${i}`);
      expect(() => stats.lstat(folder, 'x'.repeat(256))).toThrow('ENAMETOOLONG');
    });
  });
});

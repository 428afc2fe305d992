import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requires } from '../support/requirements.ts';

requires('go')('the golden files are current', () => {
  test("Go's client makes what is checked in", { timeout: 600_000 }, () => {
    const program = [
      '--conditions=llb-ts-source',
      '--import=tsx',
      join(import.meta.dirname, 'update.ts'),
      '--check',
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
    expect([status, stdout + stderr]).toEqual([0, expect.any(String)]);
  });
});

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findProgram, requires } from '../support/requirements.ts';
import { startDaemon } from './daemon.ts';

requires('reference-daemon')('a reference BuildKit of our own', () => {
  test('answers, solves, and leaves nothing behind', async () => {
    const daemon = await startDaemon();
    const socket = daemon.address.slice('unix://'.length);
    const buildctl = findProgram('buildctl') ?? '';
    try {
      const workers = spawnSync(buildctl, ['--addr', daemon.address, 'debug', 'workers'], {
        encoding: 'utf8',
      });
      expect(workers.stdout).toContain('linux/');
    } finally {
      await daemon.stop();
    }
    expect(existsSync(socket)).toBe(false);
    expect(
      spawnSync(buildctl, ['--addr', daemon.address, 'debug', 'workers'], { timeout: 20_000 }).status,
    ).not.toBe(0);
  });
});

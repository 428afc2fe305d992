import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { isLeased, takeLease } from './lease.ts';
import { findProgram } from './programs.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

describe('a lease', () => {
  it('is had by one at a time, of a folder and of a file', () => {
    fs.writeFileSync(`${folder}/file`, '');
    for (const place of [folder, `${folder}/file`]) {
      const lease = takeLease(place);
      expect(lease).toBeDefined();
      expect([takeLease(place), isLeased(place)]).toEqual([undefined, true]);
      lease?.release();
      expect(isLeased(place)).toBe(false);
      takeLease(place)?.release();
    }
  });

  it('cannot be had of what is not there', () => {
    expect([takeLease(`${folder}/none`), isLeased(`${folder}/none`)]).toEqual([undefined, false]);
  });

  it.runIf(findProgram('flock'))('ends with the process that has it', async () => {
    const holder = spawn('flock', ['--no-fork', folder, 'sleep', '60'], { stdio: 'ignore' });
    while (!isLeased(folder)) await sleep(5);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(takeLease(folder)).toBeDefined();
  });
});

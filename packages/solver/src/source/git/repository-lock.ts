import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../error.ts';
import { isProcessAlive, processTag } from '../../host/process-tag.ts';

const POLL = 100;
const held = new Map<string, Promise<void>>();

/** Does something while nobody else, in this process or another, does something under the same lock file. */
export async function withLock<T>(file: string, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
  while (held.has(file)) {
    await held.get(file);
    signal.throwIfAborted();
  }
  let release = () => {};
  held.set(file, new Promise<void>((resolve) => (release = resolve)));
  try {
    await acquire(file, signal);
    try {
      return await use();
    } finally {
      fs.rmSync(file, { force: true });
    }
  } finally {
    held.delete(file);
    release();
  }
}

/** The file names its owner, so that one left by a dead process does not block. */
async function acquire(file: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      fs.writeFileSync(file, processTag(), { flag: 'wx' });
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    // Just made and not written yet, it has no owner.
    if (owner !== undefined && owner !== '' && !isProcessAlive(owner)) fs.rmSync(file, { force: true });
    else await sleep(POLL, undefined, { signal });
  }
}

function readOwner(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

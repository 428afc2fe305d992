import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lease, takeLease } from '../../host/lease.ts';

const POLL = 100;

/** Does something under a lock file that this and all other processes honour. */
export async function withLock<T>(file: string, signal: AbortSignal, use: () => Promise<T>): Promise<T> {
  const lease = await acquire(file, signal);
  try {
    return await use();
  } finally {
    lease.release();
  }
}

async function acquire(file: string, signal: AbortSignal): Promise<Lease> {
  fs.closeSync(fs.openSync(file, 'a', 0o600));
  for (;;) {
    const lease = takeLease(file);
    if (lease) return lease;
    await sleep(POLL, undefined, { signal });
  }
}

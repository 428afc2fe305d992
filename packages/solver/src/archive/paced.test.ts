import { expect, it } from 'vitest';
import { pacerFor } from '../host/pacer.ts';
import { paced } from './paced.ts';

it('ends a stream with the reason why the work was stopped, and closes what it reads', async () => {
  const stop = new AbortController();
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('x');
    } finally {
      isClosed = true;
    }
  }
  let chunks = 0;
  const read = async () => {
    for await (const _ of paced(endless(), pacerFor(stop.signal))) if (++chunks === 3) stop.abort('stopped');
  };
  await expect(read()).rejects.toBe('stopped');
  expect([chunks, isClosed]).toEqual([3, true]);
});

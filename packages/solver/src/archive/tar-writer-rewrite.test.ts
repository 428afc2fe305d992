import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { rewriteTarTimes } from './tar-writer-rewrite.ts';

interface Vector {
  readonly name: string;
  readonly gzip: string;
  /** Digest of what Go makes of it, by the latest time. */
  readonly rewritten: Readonly<Record<string, string>>;
}

/** Archives of Python's tarfile and GNU tar, and what `testdata/rewritten-tars.go.txt` makes of them. */
const vectors: readonly Vector[] = JSON.parse(
  fs.readFileSync(new URL('./testdata/rewritten-tars.json', import.meta.url), 'utf8'),
);

async function rewritten(archive: Buffer, seconds: bigint): Promise<string> {
  const hash = createHash('sha256');
  const sink = { write: async (chunk: Uint8Array) => void hash.update(chunk) };
  await rewriteTarTimes(Readable.from([archive]), sink, seconds * 1_000_000_000n);
  return hash.digest('hex');
}

describe('rewriteTarTimes', () => {
  const cases = vectors.flatMap(({ name, gzip, rewritten: results }) =>
    Object.entries(results).map(([epoch, digest]) => ({ name, gzip, epoch, digest })),
  );
  it.each(cases)(
    'makes of $name what Go makes of it, no later than $epoch',
    async ({ gzip, epoch, digest }) => {
      expect(await rewritten(gunzipSync(Buffer.from(gzip, 'base64')), BigInt(epoch))).toBe(digest);
    },
  );

  it('cannot say a time before 1970 in a plain format', async () => {
    const plain = vectors.find(({ name }) => name === 'py-ustar');
    await expect(rewritten(gunzipSync(Buffer.from(plain?.gzip ?? '', 'base64')), -1n)).rejects.toThrow(
      RangeError,
    );
  });
});

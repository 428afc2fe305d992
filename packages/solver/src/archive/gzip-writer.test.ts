import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { GzipWriter } from './gzip-writer.ts';

/** Bytes that compress well in places and not at all in others. */
function sample(size: number): Buffer {
  const data = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    data[i] = i % 100_000 < 50_000 ? state >> 16 : i >> 12;
  }
  return data;
}

async function gzip(data: Uint8Array, level: number, chunk: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const writer = new GzipWriter((part) => parts.push(part), level);
  for (let i = 0; i < data.length; i += chunk) await writer.write(data.subarray(i, i + chunk));
  await writer.end();
  return Buffer.concat(parts);
}

describe('GzipWriter', () => {
  const PIECE = 1 << 20;
  it.each([0, 1, 30_000, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 17])('writes %i bytes', async (size) => {
    const data = sample(size);
    const packed = await gzip(data, -1, 262_144);
    expect(gunzipSync(packed).equals(data)).toBe(true);
  });

  it.each([-2, 0, 1, 9])('knows level %i', async (level) => {
    const data = sample(1_500_000);
    expect(gunzipSync(await gzip(data, level, 262_144)).equals(data)).toBe(true);
  });

  it('depends on the bytes alone, not on how they come', async () => {
    const data = sample(2_500_000);
    expect((await gzip(data, 6, 262_144)).equals(await gzip(data, 6, 9_999))).toBe(true);
  });

  it('does not keep chunks: their memory may be used again at once', async () => {
    const parts: Uint8Array[] = [];
    const writer = new GzipWriter((part) => parts.push(part), 6);
    const chunk = Buffer.alloc(262_144, 'a');
    await writer.write(chunk);
    chunk.fill('b');
    await writer.write(chunk);
    await writer.end();
    expect(gunzipSync(Buffer.concat(parts)).toString('latin1')).toBe(
      'a'.repeat(262_144) + 'b'.repeat(262_144),
    );
  });

  it('leaves out name and time, as Go does', async () => {
    expect((await gzip(Buffer.from('x'), -1, 1)).subarray(0, 10).toString('hex')).toBe(
      '1f8b08000000000000ff',
    );
  });
});

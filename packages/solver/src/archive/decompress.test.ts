import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decompress, detectCompression } from './decompress.ts';
import { streamOf } from './testing/tar-blocks.ts';

/** `hello archive\n`, then 3,000 times `a`, as two streams (frames, members) one behind the other. */
const SAMPLES = {
  gzip: Buffer.concat([gzipSync('hello archive\n'), gzipSync('a'.repeat(3000))]),
  bzip2: Buffer.from(
    'QlpoOTFBWSZTWQ7wVuYAAANRgAAQQAAqZJEAIAAxANNNBABiWKKGieTFeLuSKcKEgHeCtzBCWmg5MUFZJlNZmh/4VgAABYEIoAAAAIAIIAAwzAiaSlADxdyRThQkJof+FYA=',
    'base64',
  ),
  // With a frame to be skipped in front.
  zstd: Buffer.from(
    'XypNGAMAAAB4eXootS/9JA5xAABoZWxsbyBhcmNoaXZlCgmUMfMotS/9ZLgKTQAAEGFhAQCz8wEW4Q4Jlg==',
    'base64',
  ),
} as const;
const PLAIN = `hello archive\n${'a'.repeat(3000)}`;
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQANaGVsbG8gYXJjaGl2ZQoAAABV7udpYA4rYwABJg4IG+AEH7bzfQEAAAAABFla',
  'base64',
);

async function read(bytes: Uint8Array, chunk?: number): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of (await decompress(streamOf(bytes, chunk))).stream) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

describe('decompress', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each(Object.entries(SAMPLES))('reads %s, all members of it', async (name, bytes) => {
    expect(detectCompression(bytes)).toBe(name);
    expect(await read(bytes)).toBe(PLAIN);
    expect(await read(bytes, 3)).toBe(PLAIN);
  });

  it('reads xz through the program', async () => {
    expect(await read(XZ)).toBe('hello archive\n');
    await expect(read(XZ.subarray(0, 40))).rejects.toThrow(/^exit status 1: xz: .*Unexpected end of input/);
  });

  it('says what is missing when there is no xz', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    await expect(read(XZ)).rejects.toMatchObject({
      code: 'environment',
      message: 'exec: "xz": executable file not found in $PATH',
    });
  });

  it('hands plain bytes through, however few', async () => {
    for (const text of ['', 'a', 'BZ', 'no magic here']) {
      expect(await read(Buffer.from(text))).toBe(text);
      expect((await decompress(streamOf(Buffer.from(text)))).compression).toBe('none');
    }
  });

  it.each(Object.entries(SAMPLES))('fails on %s cut short', async (_, bytes) => {
    await expect(read(bytes.subarray(0, bytes.length - 9))).rejects.toThrow('unexpected EOF');
  });

  it.each(['gzip', 'bzip2'] as const)('fails on %s with damaged bytes', async (name) => {
    const damaged = Buffer.from(SAMPLES[name]);
    damaged.writeUInt8(damaged.readUInt8(14) ^ 0x40, 14);
    await expect(read(damaged)).rejects.toThrow(name === 'gzip' ? /^(gzip|flate): / : /^bzip2 data invalid$/);
  });

  it('passes an error of the source on', async () => {
    const broken = (async function* () {
      yield SAMPLES.gzip.subarray(0, 20);
      throw new Error('disk on fire');
    })();
    const { stream } = await decompress(broken);
    await expect(Readable.from(stream).toArray()).rejects.toThrow('disk on fire');
  });
});

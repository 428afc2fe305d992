import { spawnSync } from 'node:child_process';
import zlib from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { decompress } from './decompress.ts';
import { ZstdWriter } from './zstd-writer.ts';

const builtIn = 'createZstdCompress' in zlib;
const available = builtIn || spawnSync('zstd', ['--version']).status === 0;
const { PATH } = process.env;

afterEach(() => {
  process.env.PATH = PATH;
});

describe('ZstdWriter', () => {
  it.runIf(available)('writes what can be read', async () => {
    const parts: Uint8Array[] = [];
    const writer = new ZstdWriter((part) => parts.push(part), 0);
    const chunk = Buffer.alloc(262_144);
    for (let i = 0; i < 8; i++) {
      chunk.fill(`line ${i}\n`);
      await writer.write(chunk);
    }
    await writer.end();
    const { compression, stream } = await decompress(
      (async function* () {
        yield Buffer.concat(parts);
      })(),
    );
    const plain: Uint8Array[] = [];
    for await (const part of stream) plain.push(part);
    expect(compression).toBe('zstd');
    expect(Buffer.concat(plain).length).toBe(8 * 262_144);
    expect(Buffer.concat(plain).subarray(-262_144, -262_136).toString()).toBe('line 7\nl');
  });

  it.skipIf(builtIn)('says what is missing', async () => {
    process.env.PATH = '/nonexistent';
    const writer = new ZstdWriter(() => {}, 0);
    const write = async () => {
      for (let i = 0; i < 50; i++) await writer.write(Buffer.alloc(65_536));
      await writer.end();
    };
    await expect(write()).rejects.toMatchObject({
      code: 'environment',
      message: 'exec: "zstd": executable file not found in $PATH',
    });
  });
});

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { readTar } from '../archive/tar-reader.ts';
import { mknod, setTimes, setXattr } from '../host/syscalls.ts';
import { isRoot, UNSTOPPED } from '../host/testing/this-process.ts';
import { packLayer } from './pack.ts';

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

async function pack(latestNs?: bigint): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = { write: async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)) };
  await packLayer(folder, sink, latestNs === undefined ? {} : { latestNs }, UNSTOPPED);
  return Buffer.concat(chunks);
}

async function listing(latestNs?: bigint) {
  const entries: { name: string; type: string; linkname: string; mtimeNs: bigint; mode: number }[] = [];
  for await (const { header } of readTar(Readable.from([await pack(latestNs)]))) {
    const { name, type, linkname, mtimeNs, mode } = header;
    entries.push({ name, type, linkname, mtimeNs, mode });
  }
  return entries;
}

describe('packLayer', () => {
  it('packs an empty layer into an empty archive', async () => {
    const archive = await pack();
    // The diff ID that every empty layer has.
    expect(createHash('sha256').update(archive).digest('hex')).toBe(
      '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
    );
  });

  it('writes a directory before its content, in byte order, without sockets', async () => {
    fs.mkdirSync(`${folder}/d`);
    fs.writeFileSync(`${folder}/d/z`, '');
    fs.writeFileSync(`${folder}/d.txt`, '');
    fs.writeFileSync(`${folder}/D`, '');
    mknod(`${folder}/s`, 'socket', 0o644);
    mknod(`${folder}/p`, 'fifo', 0o644);
    const entries = await listing();
    expect(entries.map(({ name, type }) => [name, type])).toEqual([
      ['D', 'file'],
      ['d/', 'dir'],
      ['d/z', 'file'],
      ['d.txt', 'file'],
      ['p', 'fifo'],
    ]);
  });

  it('cuts times to seconds, towards the past', async () => {
    fs.writeFileSync(`${folder}/a`, '');
    setTimes(`${folder}/a`, 0n, 1_999_999_999n);
    fs.writeFileSync(`${folder}/b`, '');
    setTimes(`${folder}/b`, 0n, -1n);
    expect((await listing()).map(({ mtimeNs }) => mtimeNs)).toEqual([1_000_000_000n, -1_000_000_000n]);
  });

  it('lets no time be later than the latest', async () => {
    fs.writeFileSync(`${folder}/early`, '');
    setTimes(`${folder}/early`, 0n, 5_000_000_000n);
    fs.writeFileSync(`${folder}/late`, '');
    setTimes(`${folder}/late`, 0n, 20_000_000_000n);
    expect((await listing(10_000_000_000n)).map(({ mtimeNs }) => mtimeNs)).toEqual([
      5_000_000_000n,
      10_000_000_000n,
    ]);
  });

  it('makes later names of a file, and of a link, hard links', async () => {
    fs.writeFileSync(`${folder}/a`, 'x');
    fs.linkSync(`${folder}/a`, `${folder}/b`);
    fs.symlinkSync('t', `${folder}/l`);
    fs.linkSync(`${folder}/l`, `${folder}/m`);
    expect((await listing()).map(({ name, type, linkname }) => [name, type, linkname])).toEqual([
      ['a', 'file', ''],
      ['b', 'hardlink', 'a'],
      ['l', 'symlink', 't'],
      ['m', 'hardlink', 'l'],
    ]);
  });

  it.runIf(isRoot)('writes a removed name as an empty file without mode and time', async () => {
    fs.mkdirSync(`${folder}/d`);
    mknod(`${folder}/d/gone`, 'char', 0o600, 0, 0);
    mknod(`${folder}/null`, 'char', 0o666, 1, 3);
    const entries = await listing();
    expect(entries.map(({ name, type }) => [name, type])).toEqual([
      ['d/', 'dir'],
      ['d/.wh.gone', 'file'],
      ['null', 'char'],
    ]);
    expect(entries[1]).toMatchObject({ mode: 0, mtimeNs: 0n });
  });

  it.runIf(isRoot)('keeps capabilities and no other extended attribute', async () => {
    fs.writeFileSync(`${folder}/f`, '');
    setXattr(`${folder}/f`, 'user.a', Buffer.from('1'));
    setXattr(`${folder}/f`, 'trusted.overlay.origin', Buffer.from(''));
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    setXattr(`${folder}/f`, 'security.capability', capability);
    const archive = await pack();
    expect(archive.includes('SCHILY.xattr.security.capability=')).toBe(true);
    expect(archive.includes(capability)).toBe(true);
    expect(archive.includes('user.a')).toBe(false);
    expect(archive.includes('overlay')).toBe(false);
  });

  it('gives the same bytes for the same layer', async () => {
    fs.mkdirSync(`${folder}/d`);
    fs.writeFileSync(`${folder}/d/f`, 'content');
    setTimes(`${folder}/d/f`, 0n, 1_000_000_000n);
    setTimes(`${folder}/d`, 0n, 1_000_000_000n);
    fs.chmodSync(`${folder}/d`, 0o755);
    fs.chmodSync(`${folder}/d/f`, 0o644);
    const first = await pack();
    setTimes(`${folder}/d/f`, 99n, 1_000_000_001n);
    expect((await pack()).equals(first)).toBe(true);
  });
});

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import type { TarHeader } from '../../archive/tar-header.ts';
import { readTar } from '../../archive/tar-reader.ts';
import { mknod, setTimes, setXattr } from '../../host/syscalls.ts';
import { isRoot } from '../../host/testing/this-process.ts';
import type { Entry } from '../../name/entry.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import type { Tree } from '../../tree/tree.ts';
import type { ExportWork } from '../base/export-work.ts';
import { exportTar } from './tar.ts';
import { treeOptions } from './tree-options.ts';

let dir: string;
let from: string;
let statuses: Parameters<ExportWork['report']>[0][];
const work: ExportWork = {
  pause: async () => {},
  signal: new AbortController().signal,
  report: (status) => statuses.push(status),
};

beforeEach(() => {
  dir = temporaryFolder();
  from = `${dir}/from`;
  fs.mkdirSync(from);
  statuses = [];
});

async function packed(
  attrs: Record<string, string> = {},
  tree: Tree = new FolderTree(from),
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  await exportTar(
    { kind: 'single', content: tree },
    { kind: 'tree', type: 'tar', options: treeOptions(attrs), sink: { kind: 'stream', stream } },
    work,
  );
  return Buffer.concat(chunks);
}

type Read = TarHeader & { readonly body: string };

async function entriesOf(archive: Buffer): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { header, body } of readTar(Readable.from([archive]))) {
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    found.push({ ...header, body: Buffer.concat(parts).toString() });
  }
  return found;
}

describe('exportTar', () => {
  it('writes directories before their content, names in byte order, no root', async () => {
    fs.mkdirSync(`${from}/a`);
    fs.writeFileSync(`${from}/a/z`, 'z');
    fs.writeFileSync(`${from}/a.txt`, 'dot');
    fs.writeFileSync(`${from}/B`, '');
    const entries = await entriesOf(await packed());
    expect(entries.map(({ name, body }) => [name, body])).toEqual([
      ['B', ''],
      ['a/', ''],
      ['a/z', 'z'],
      ['a.txt', 'dot'],
    ]);
  });

  it('keeps mode, times to the nearest second, and link targets', async () => {
    fs.writeFileSync(`${from}/f`, 'x');
    fs.chmodSync(`${from}/f`, 0o6754);
    setTimes(`${from}/f`, 0n, 1_500_000_000n);
    fs.symlinkSync('/no/where', `${from}/l`);
    const [file, link] = await entriesOf(await packed());
    expect(file).toMatchObject({ mode: 0o6754, mtimeNs: 2_000_000_000n, type: 'file', size: 1 });
    expect(link).toMatchObject({ type: 'symlink', linkname: '/no/where', mode: 0o777, size: 0 });
  });

  it('gives everything the time of source-date-epoch', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, '');
    const entries = await entriesOf(await packed({ 'source-date-epoch': '1000000000' }));
    expect(entries.map(({ mtimeNs }) => mtimeNs)).toEqual([10n ** 18n, 10n ** 18n]);
    const [asIs] = await entriesOf(await packed({ 'source-date-epoch': '' }));
    expect(asIs?.mtimeNs).toBeGreaterThan(10n ** 18n);
  });

  it('makes the later names of one file hard links, with data under the first', async () => {
    fs.writeFileSync(`${from}/b`, 'data');
    fs.linkSync(`${from}/b`, `${from}/a`);
    fs.linkSync(`${from}/b`, `${from}/c`);
    const entries = await entriesOf(await packed());
    expect(entries.map(({ name, type, linkname, body }) => [name, type, linkname, body])).toEqual([
      ['a', 'file', '', 'data'],
      ['b', 'hardlink', 'a', ''],
      ['c', 'hardlink', 'a', ''],
    ]);
  });

  it('does not take names of different layers for one file, though they share the inode', async () => {
    fs.writeFileSync(`${from}/a`, 'data');
    fs.linkSync(`${from}/a`, `${from}/b`);
    const folder = new FolderTree(from);
    const tree: Tree = {
      list: (at) => folder.list(at),
      lookup(at): Entry | undefined {
        const entry = folder.lookup(at);
        return entry && { ...entry, source: at };
      },
    };
    const entries = await entriesOf(await packed({}, tree));
    expect(entries.map(({ name, type }) => [name, type])).toEqual([
      ['a', 'file'],
      ['b', 'file'],
    ]);
  });

  it('writes fifos, and sockets as empty files', async () => {
    mknod(`${from}/p`, 'fifo', 0o600);
    mknod(`${from}/s`, 'socket', 0o755);
    const entries = await entriesOf(await packed());
    expect(entries.map(({ name, type, size }) => [name, type, size])).toEqual([
      ['p', 'fifo', 0],
      ['s', 'file', 0],
    ]);
  });

  it('carries extended attributes of any value, but not those of overlayfs', async () => {
    fs.writeFileSync(`${from}/f`, '');
    setXattr(`${from}/f`, 'user.bin', Buffer.from([0, 0xff, 0x0a]));
    if (isRoot) setXattr(`${from}/f`, 'trusted.overlay.origin', Buffer.from('x'));
    const archive = await packed();
    expect(archive.includes(Buffer.from('SCHILY.xattr.user.bin=\x00\xff\n\n', 'latin1'))).toBe(true);
    expect(archive.includes('overlay')).toBe(false);
  });

  it('writes an empty archive for an empty tree', async () => {
    expect(await packed()).toEqual(Buffer.alloc(1024));
  });

  it('writes content that is larger than a chunk', async () => {
    const content = Buffer.alloc(700_001, 'abcdefg');
    fs.writeFileSync(`${from}/large`, content);
    const [entry] = await entriesOf(await packed());
    expect(
      createHash('sha256')
        .update(entry?.body ?? '')
        .digest('hex'),
    ).toBe(createHash('sha256').update(content).digest('hex'));
  });

  it('exports only the directory that src means', async () => {
    fs.mkdirSync(`${from}/sub/inner`, { recursive: true });
    fs.writeFileSync(`${from}/sub/f`, '');
    fs.symlinkSync('/sub/inner', `${from}/link`);
    const names = async (src: string) => (await entriesOf(await packed({ src }))).map(({ name }) => name);
    expect(await names('sub')).toEqual(['f', 'inner/']);
    expect(await names('/link/..')).toEqual(['f', 'inner/']);
    expect(await names('../../sub/')).toEqual(['f', 'inner/']);
    expect(await names('.')).toEqual(['link', 'sub/', 'sub/f', 'sub/inner/']);
    await expect(packed({ src: '/nope' })).rejects.toThrow('src=/nope: no such file or directory');
    await expect(packed({ src: 'sub/f' })).rejects.toThrow('src=sub/f: not a directory');
    await expect(packed({ src: 'sub/f/x' })).rejects.toThrow('src=sub/f/x: not a directory');
    fs.symlinkSync('loop', `${from}/loop`);
    await expect(packed({ src: 'loop' })).rejects.toThrow('src=loop: too many links');
  });

  it('reports progress from start to end', async () => {
    fs.writeFileSync(`${from}/f`, 'x');
    await packed();
    expect(statuses[0]).toMatchObject({ id: 'sending tarball', current: 0 });
    expect(statuses.at(-1)).toMatchObject({ current: 2048, completed: expect.any(Number) });
  });

  describe('to a file', () => {
    const toFile = (to: string, tree: Tree = new FolderTree(from), during: ExportWork = work) =>
      exportTar(
        { kind: 'single', content: tree },
        { kind: 'tree', type: 'tar', options: treeOptions({}), sink: { kind: 'file', path: to } },
        during,
      );

    it('replaces what was there and keeps its permissions', async () => {
      const to = `${dir}/out.tar`;
      fs.writeFileSync(to, 'old');
      fs.chmodSync(to, 0o640);
      await toFile(to);
      expect(fs.readFileSync(to)).toEqual(Buffer.alloc(1024));
      expect(fs.statSync(to).mode & 0o777).toBe(0o640);
      expect(fs.readdirSync(dir).sort()).toEqual(['from', 'out.tar']);
    });

    it('leaves the old file, and nothing else, when it fails', async () => {
      const to = `${dir}/out.tar`;
      fs.writeFileSync(to, 'old');
      for (let i = 0; i < 300; i++) fs.writeFileSync(`${from}/f${i}`, '');
      const stopped = { ...work, pause: () => Promise.reject(new Error('stopped')) };
      await expect(toFile(to, new FolderTree(from), stopped)).rejects.toThrow('stopped');
      expect(fs.readFileSync(to, 'utf8')).toBe('old');
      expect(fs.readdirSync(dir).sort()).toEqual(['from', 'out.tar']);
    });

    it('follows a link to the file that it replaces', async () => {
      fs.writeFileSync(`${dir}/real`, 'old');
      fs.symlinkSync('real', `${dir}/link`);
      await toFile(`${dir}/link`);
      expect(fs.readlinkSync(`${dir}/link`)).toBe('real');
      expect(fs.statSync(`${dir}/real`).size).toBe(1024);
    });

    it('writes into a device instead of replacing it', async () => {
      await toFile('/dev/null');
      expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
    });

    it('says what is wrong with the destination', async () => {
      await expect(toFile(`${dir}/none/out.tar`)).rejects.toMatchObject({
        code: 'export',
        message: `open ${dir}/none/out.tar: no such file or directory`,
      });
      await expect(toFile(dir)).rejects.toThrow('is a directory');
    });
  });

  it('fails when the reader of a stream goes away', async () => {
    fs.writeFileSync(`${from}/large`, Buffer.alloc(2_000_000));
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const plan = {
      kind: 'tree',
      type: 'tar',
      options: treeOptions({}),
      sink: { kind: 'stream', stream },
    } as const;
    const result = { kind: 'single', content: new FolderTree(from) } as const;
    await expect(exportTar(result, plan, work)).rejects.toMatchObject({
      code: 'export',
      message: 'cannot write the output: the reader has gone',
    });
  });
});

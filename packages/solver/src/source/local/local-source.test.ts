import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { directories } from '@llb-ts/backend';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { StoredDigests } from '../../cache/digest-memo.ts';
import type { LayerRef } from '../../chain/ref.ts';
import { getXattr, setXattr } from '../../host/syscalls.ts';
import { dump } from '../../layer/testing/layers.ts';
import { type SourceBench, sourceBench, sourceBenchAt } from '../testing/workbench.ts';
import { localSource } from './local-source.ts';

let bench: SourceBench;
let folder: string;

beforeEach(() => {
  bench = sourceBench();
  folder = temporaryFolder();
});

function write(name: string, content = name): void {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

async function bring(attrs: Record<string, string> = {}, name = 'ctx') {
  const source = localSource({
    digests: new StoredDigests(bench.layers),
    ...bench,
    folders: directories({ ctx: folder, other: folder }),
  });
  const instance = source.open({ scheme: 'local', locator: name, attrs, platform: undefined });
  const key = await instance.resolve(bench.work);
  const ref = (await instance.fetch(bench.work)) as LayerRef;
  return { key, ref, tree: await bench.treeOf(ref) };
}

const json = (...patterns: string[]) => JSON.stringify(patterns);

async function names(attrs: Record<string, string>): Promise<string[]> {
  const { tree } = await bring(attrs);
  return dump(tree).map((line) => line.split(' ')[0]!);
}

describe('what is brought', () => {
  it('is everything, owned by root, with modes, times, links and xattrs', async () => {
    write('d/file', 'content');
    write('run', '#!/bin/sh\n');
    fs.chmodSync(path.join(folder, 'run'), 0o4755);
    fs.symlinkSync('d/file', path.join(folder, 'link'));
    fs.linkSync(path.join(folder, 'd/file'), path.join(folder, 'd/same'));
    execFileSync('mkfifo', ['-m', '600', path.join(folder, 'pipe')]);
    setXattr(path.join(folder, 'd/file'), 'user.note', Buffer.from('hi'));
    fs.utimesSync(path.join(folder, 'd/file'), 5, 1.5);
    fs.chmodSync(path.join(folder, 'd'), 0o1777);
    fs.utimesSync(path.join(folder, 'd'), 5, 6);
    const { tree, ref } = await bring();
    expect(dump(tree, { times: true }).filter((line) => line.startsWith('/d'))).toEqual([
      '/d dir 1777 0:0 @6000000000',
      '/d/file file 644 0:0 "content" @1500000000',
      '/d/same file 644 0:0 "content" @1500000000',
    ]);
    expect(dump(tree)).toEqual([
      '/d dir 1777 0:0',
      '/d/file file 644 0:0 "content"',
      '/d/same file 644 0:0 "content"',
      '/link symlink 777 0:0 -> d/file',
      '/pipe fifo 600 0:0',
      '/run file 4755 0:0 "#!/bin/sh\\n"',
    ]);
    const [file, same] = [tree.lookup('/d/file'), tree.lookup('/d/same')];
    expect(file?.stat.ino).toBe(same?.stat.ino);
    expect(getXattr(file!.hostPath, 'user.note')?.toString()).toBe('hi');
    expect(ref).toMatchObject({ kind: 'layer', description: 'local source for ctx' });
    expect(ref.parent).toBeUndefined();
  });

  it('is an empty file for a socket', async () => {
    const server = net.createServer().listen(path.join(folder, 'sock'));
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect((await bring()).tree.lookup('/sock')?.stat).toMatchObject({ type: 'file', size: 0 });
    } finally {
      server.close();
    }
  });

  it('may have names that are no UTF-8, and large files', async () => {
    fs.writeFileSync(Buffer.from(`${folder}/\xff\xfe`, 'latin1'), 'x');
    const large = Buffer.alloc(3_000_001, 'abc');
    fs.writeFileSync(path.join(folder, 'large'), large);
    const { tree } = await bring();
    expect(tree.list('/')).toEqual(['large', '\xff\xfe']);
    expect(fs.readFileSync(tree.lookup('/large')!.hostPath).equals(large)).toBe(true);
    expect(bench.layers.record((await bring()).ref.layer).bytes).toBe(large.length + 1);
  });

  it('follows the folder itself when that is a link, and nothing else', async () => {
    write('real/a');
    const link = `${folder}-link`;
    fs.symlinkSync(folder, link);
    try {
      const source = localSource({
        digests: new StoredDigests(bench.layers),
        ...bench,
        folders: directories({ ctx: link }),
      });
      const instance = source.open({ scheme: 'local', locator: 'ctx', attrs: {}, platform: undefined });
      await instance.resolve(bench.work);
      const tree = await bench.treeOf(await instance.fetch(bench.work));
      expect(dump(tree)).toEqual(['/real dir 755 0:0', '/real/a file 644 0:0 "real/a"']);
    } finally {
      fs.unlinkSync(link);
    }
  });
});

describe('patterns', () => {
  beforeEach(() => {
    for (const name of ['a.txt', 'b.md', 'd/a.txt', 'd/e/c.txt', 'x/y/z/deep.md', 'node_modules/m/i.js'])
      write(name);
  });

  it.each([
    [{ 'local.includepattern': json('d') }, ['/d', '/d/a.txt', '/d/e', '/d/e/c.txt']],
    [{ 'local.includepattern': json('*.txt') }, ['/a.txt']],
    [{ 'local.includepattern': json('**/*.txt') }, ['/a.txt', '/d', '/d/a.txt', '/d/e', '/d/e/c.txt']],
    [{ 'local.includepattern': json('x/y/z/*.md') }, ['/x', '/x/y', '/x/y/z', '/x/y/z/deep.md']],
    [{ 'local.includepattern': json('d', '!d/e') }, ['/d', '/d/a.txt']],
    [{ 'local.includepattern': json('/d', 'nothing') }, []],
    [{ 'local.excludepatterns': json('node_modules', 'x', '**/*.txt') }, ['/b.md', '/d', '/d/e']],
    [{ 'local.excludepatterns': json('*', '!d/e/c.txt') }, ['/d', '/d/e', '/d/e/c.txt']],
    [{ 'local.excludepatterns': json('**', '!**/deep.md') }, ['/x', '/x/y', '/x/y/z', '/x/y/z/deep.md']],
    [{ 'local.includepattern': json('d'), 'local.excludepatterns': json('d/e') }, ['/d', '/d/a.txt']],
  ])('%j', async (attrs, expected) => {
    expect(await names(attrs as Record<string, string>)).toEqual(expected);
  });

  it('do not look into what they exclude', async () => {
    fs.chmodSync(path.join(folder, 'x'), 0);
    try {
      expect(await names({ 'local.excludepatterns': json('x', 'd', 'node_modules') })).toEqual([
        '/a.txt',
        '/b.md',
      ]);
    } finally {
      fs.chmodSync(path.join(folder, 'x'), 0o755);
    }
  });

  it('make the next name of a hard link the first when they exclude the first', async () => {
    fs.linkSync(path.join(folder, 'a.txt'), path.join(folder, 'z.txt'));
    const { tree } = await bring({
      'local.excludepatterns': json('a.txt', 'd', 'x', 'node_modules', 'b.md'),
    });
    expect(dump(tree)).toEqual(['/z.txt file 644 0:0 "a.txt"']);
  });

  it.each([
    [{ 'local.includepattern': json('[') }, 'invalid includepatterns: [[]: syntax error in pattern'],
    [
      { 'local.excludepatterns': json('a', '!') },
      'invalid excludepatterns: [a !]: illegal exclusion pattern: "!"',
    ],
    [{ 'local.includepattern': '{' }, 'invalid list of patterns: {'],
    [{ 'local.metadatatransfer': 'maybe' }, 'invalid value for local.metadatatransfer "maybe"'],
  ])('%j is an error', async (attrs, message) => {
    await expect(bring(attrs as Record<string, string>)).rejects.toThrow(message);
  });
});

describe('followpaths', () => {
  it('bring links with what they point at', async () => {
    write('target/file');
    write('other');
    fs.symlinkSync('target', path.join(folder, 'l1'));
    fs.symlinkSync('/l1/file', path.join(folder, 'l2'));
    expect(await names({ 'local.followpaths': json('l2') })).toEqual([
      '/l1',
      '/l2',
      '/target',
      '/target/file',
    ]);
    expect(await names({ 'local.followpaths': json('l*') })).toEqual([
      '/l1',
      '/l2',
      '/target',
      '/target/file',
    ]);
  });

  it('end in circles and outside', async () => {
    fs.symlinkSync('b', path.join(folder, 'a'));
    fs.symlinkSync('a', path.join(folder, 'b'));
    fs.symlinkSync('../../etc/passwd', path.join(folder, 'out'));
    expect(await names({ 'local.followpaths': json('a', 'out') })).toEqual(['/a', '/b', '/out']);
  });

  it('bring everything for the folder itself', async () => {
    write('a');
    write('d/b');
    expect(await names({ 'local.followpaths': json('/') })).toEqual(['/a', '/d', '/d/b']);
  });
});

describe('what is known from before', () => {
  beforeEach(() => {
    write('a');
    write('d/b');
    write('d/c');
  });

  it('gives the same ref for an unchanged folder', async () => {
    const first = await bring();
    const second = await bring();
    expect(second.ref).toBe(first.ref);
    expect(second.key).toEqual(first.key);
  });

  it('gives equal keys for equal folders, and two refs for two names', async () => {
    const first = await bring();
    const other = await bring({}, 'other');
    expect(other.key).toMatchObject({ digest: first.key.digest });
    expect(other.ref.layer).toBe(first.ref.layer);
    expect(other.ref.id).not.toBe(first.ref.id);
  });

  it('shares unchanged files with the layer before, and sees each change', async () => {
    await sleep(150);
    const first = await bring();
    write('d/b', 'new');
    const second = await bring();
    expect(dump(second.tree)).toContain('/d/b file 644 0:0 "new"');
    expect(second.tree.lookup('/a')?.stat.ino).toBe(first.tree.lookup('/a')?.stat.ino);
    expect(second.tree.lookup('/d/b')?.stat.ino).not.toBe(first.tree.lookup('/d/b')?.stat.ino);
    expect(dump(first.tree)).toContain('/d/b file 644 0:0 "d/b"');
    fs.chmodSync(path.join(folder, 'a'), 0o600);
    fs.rmSync(path.join(folder, 'd/c'));
    fs.symlinkSync('a', path.join(folder, 'l'));
    expect(dump((await bring()).tree)).toEqual([
      '/a file 600 0:0 "a"',
      '/d dir 755 0:0',
      '/d/b file 644 0:0 "new"',
      '/l symlink 777 0:0 -> a',
    ]);
  });

  it('sees a change that leaves size and time as they were', async () => {
    const file = path.join(folder, 'a');
    fs.utimesSync(file, 1, 1);
    await bring();
    // At once, so within the same clock tick as the first reading.
    fs.writeFileSync(file, 'A');
    fs.utimesSync(file, 1, 1);
    expect(dump((await bring()).tree)).toContain('/a file 644 0:0 "A"');
  });

  it('takes a rewritten file that is what it was for what it was', async () => {
    const file = path.join(folder, 'a');
    fs.utimesSync(file, 1, 1);
    const first = await bring();
    await sleep(20);
    fs.writeFileSync(file, 'a');
    fs.utimesSync(file, 1, 1);
    expect((await bring()).ref).toBe(first.ref);
  });

  it('brings everything again when the layer is gone', async () => {
    const first = await bring();
    const shown = dump(first.tree);
    fs.rmSync(path.join(bench.root, 'layers', first.ref.layer), { recursive: true });
    const { store } = bench;
    // Another process opens the same store.
    bench = { ...bench, ...sourceBenchAt(bench.root) };
    const again = await bring();
    expect(dump(again.tree)).toEqual(shown);
    await store.close();
  });
});

describe('metadata only', () => {
  it('brings one file with what is there, and the content of exceptions', async () => {
    write('a.txt', 'aa');
    write('d/b.txt', 'bbb');
    const { tree } = await bring({
      'local.metadatatransfer': 'true',
      'local.metadatatransferexclude': json('d/*.txt'),
    });
    expect(tree.list('/')).toEqual(['.fsutil-metadata', 'd']);
    expect(dump(tree)).toContain('/d/b.txt file 644 0:0 "bbb"');
    const metadata = fs.readFileSync(tree.lookup('/.fsutil-metadata')!.hostPath);
    const paths: string[] = [];
    for (let at = 0; at < metadata.length; at += 4 + metadata.readUInt32LE(at)) {
      // Field 1, a string, comes first.
      expect(metadata[at + 4]).toBe(0x0a);
      const length = metadata[at + 5]!;
      paths.push(metadata.toString('utf8', at + 6, at + 6 + length));
    }
    expect(paths).toEqual(['a.txt', 'd', 'd/b.txt']);
  });
});

it('says which folder it may not read, and how to give it', async () => {
  await expect(bring({}, 'nosuch')).rejects.toMatchObject({
    message: 'no access allowed to dir "nosuch"',
    details: { hint: 'name the folder: --local nosuch=DIR' },
  });
});

it('names a folder after the session that serves it', async () => {
  await expect(bring({ 'local.session': 'left:abc' })).rejects.toThrow('no access allowed to dir "left-ctx"');
});

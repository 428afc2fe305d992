import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { END, entry, paxEntry } from '../../archive/testing/tar-blocks.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import { isRoot, type Listing, newFolder, timeAt, xattrsAt } from '../../tree/testing/folder.ts';
import { copy } from './copy.ts';
import { copyOf, jobOf, outcome, owner } from './testing/drafts.ts';

const unpacking = { attemptUnpackDockerCompatibility: true };

/** A tree with one file `/a.tar`. */
function holding(archive: Uint8Array): FolderTree {
  const folder = newFolder();
  fs.writeFileSync(`${folder}/a.tar`, archive);
  return new FolderTree(folder);
}

const tar = (...entries: Uint8Array[]) => Buffer.concat([...entries, END]);
const SMALL = tar(
  entry({ name: 'd/', type: '5', mode: 0o2750, mtime: 1000 }),
  entry({ name: 'd/f', mode: 0o4644, mtime: 2000 }, 'text'),
  entry({ name: 'd/h', type: '1', linkname: 'd/f', mode: 0o600, mtime: 3000 }),
  entry({ name: 'd/l', type: '2', linkname: '../x', mtime: 4000 }),
  entry({ name: 'p/q/f', mode: 0o600 }, 'deep'),
);
const UNPACKED: Listing = {
  '/d': 'dir 2750',
  '/d/f': 'file 600 text',
  '/d/h': 'hard /d/f',
  '/d/l': 'link ../x',
  '/p': 'dir 755',
  '/p/q': 'dir 755',
  '/p/q/f': 'file 600 deep',
};
const under = (place: string, listing: Listing): Listing =>
  Object.fromEntries(
    Object.entries(listing).map(([path, words]) => [place + path, words.replace('hard ', `hard ${place}`)]),
  );

describe('copy with attemptUnpack', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each<[string, Uint8Array]>([
    ['plain', SMALL],
    ['gzip', gzipSync(SMALL)],
  ])('unpacks %s into the destination, be it new', async (_, archive) => {
    const job = jobOf(holding(archive), {});
    await copy(job, copyOf('/a.tar', '/n', unpacking));
    expect(await outcome(job.draft, () => {})).toEqual({ '/n': 'dir 755', ...under('/n', UNPACKED) });
    expect(['/n/d', '/n/d/f', '/n/d/l', '/n/p'].map((path) => timeAt(job.draft, path))).toEqual([
      1_000_000_000_000n,
      3_000_000_000_000n,
      4_000_000_000_000n,
      'now',
    ]);
  });

  it('ignores mode, time and patterns of the action', async () => {
    const job = jobOf(holding(SMALL), { '/e': 'dir 700' });
    const ignored = { mode: 0o777, timestamp: 5n, excludePatterns: ['**'], modeStr: '' };
    await copy(job, copyOf('/a.tar', '/e', { ...unpacking, ...ignored }));
    expect(await outcome(job.draft, () => {})).toEqual({ '/e': 'dir 700', ...under('/e', UNPACKED) });
    expect(timeAt(job.draft, '/e/d/f')).toBe(3_000_000_000_000n);
  });

  it.runIf(isRoot)('takes owners from the archive unless the action has one', async () => {
    const archive = tar(
      entry({ name: 'd', type: '5', uid: 5, gid: 6 }),
      entry({ name: 'd/f', uid: 7, gid: 8 }),
    );
    const theirs = jobOf(holding(archive), {});
    await copy(theirs, copyOf('/a.tar', '/n', unpacking));
    expect(await outcome(theirs.draft, () => {})).toMatchObject({
      '/n': 'dir 755',
      '/n/d/f': 'file 644 7:8',
    });
    const ours = jobOf(holding(archive), {}, { owner: owner(1, 2) });
    await copy(ours, copyOf('/a.tar', '/n', unpacking));
    expect(await outcome(ours.draft, () => {})).toMatchObject({
      '/n': 'dir 755 1:2',
      '/n/d/f': 'file 644 1:2',
    });
  });

  it('joins directories, replaces everything else', async () => {
    const archive = tar(
      entry({ name: 'd', type: '5', mode: 0o711 }),
      entry({ name: 'd/f' }, 'new'),
      entry({ name: 'dir' }, 'now a file'),
      entry({ name: 'file', type: '5' }),
      entry({ name: 'link' }, 'now a file'),
    );
    const job = jobOf(holding(archive), {
      '/d': 'dir 700',
      '/d/old': 'file 600 old',
      '/d/f': 'file 600 old',
      '/dir/x': 'file 600 x',
      '/file': 'file 600 x',
      '/link': 'link d',
    });
    await copy(job, copyOf('/a.tar', '/', unpacking));
    expect(await outcome(job.draft, () => {})).toEqual({
      '/d': 'dir 711',
      '/d/f': 'file 644 new',
      '/d/old': 'file 600 old',
      '/dir': 'file 644 now a file',
      '/file': 'dir 644',
      '/link': 'file 644 now a file',
    });
  });

  it('writes files of any size, the same in memory and on the way', async () => {
    const job = jobOf(
      holding(tar(entry({ name: 'big', mode: 0o4711, mtime: 9 }, Buffer.alloc(3 << 20, 'ab')))),
      {},
    );
    await copy(job, copyOf('/a.tar', '/', unpacking));
    const big = job.draft.lookup('/big')!;
    expect(big.stat).toMatchObject({ size: 3 << 20, mode: 0o4711, mtimeNs: 9_000_000_000n });
    expect(fs.readFileSync(big.hostPath).equals(Buffer.alloc(3 << 20, 'ab'))).toBe(true);
  });

  it('sets xattrs as far as the filesystem takes them', async () => {
    const archive = tar(
      paxEntry({ 'SCHILY.xattr.user.a': 'b\x01', 'SCHILY.xattr.nonsense.x': 'y' }),
      entry({ name: 'f' }),
      paxEntry({ 'SCHILY.xattr.user.a': 'not on links' }),
      entry({ name: 'l', type: '2', linkname: 'f' }),
    );
    const job = jobOf(holding(archive), {});
    await copy(job, copyOf('/a.tar', '/', unpacking));
    expect(xattrsAt(job.draft, '/f')).toEqual({ 'user.a': 'b\x01' });
  });

  it.each<[string, Uint8Array]>([
    ['text', Buffer.from('not an archive')],
    ['nothing', Buffer.alloc(0)],
    ['only zeroes', END],
    ['compressed text', gzipSync('not an archive')],
    ['half a header', SMALL.subarray(0, 400)],
    ['damaged gzip', gzipSync(SMALL).subarray(0, 30)],
  ])('copies what is no archive: %s', async (_, bytes) => {
    const job = jobOf(holding(bytes), { '/e': 'dir 755' });
    await copy(job, copyOf('/a.tar', '/e', unpacking));
    expect(job.draft.list('/e')).toEqual(['a.tar']);
    expect(fs.readFileSync(job.draft.lookup('/e/a.tar')!.hostPath).equals(bytes)).toBe(true);
  });

  it('follows a link to the archive, and copies directories as ever', async () => {
    const source = holding(SMALL);
    const folder = source.lookup('/')!.hostPath;
    fs.symlinkSync('/a.tar', `${folder}/l`);
    fs.mkdirSync(`${folder}/dir`);
    const job = jobOf(source, { '/e': 'dir 755' });
    await copy(job, copyOf('/l', '/e', unpacking));
    await copy(job, copyOf('/dir', '/e', unpacking));
    expect(job.draft.list('/e')).toEqual(['d', 'dir', 'p']);
  });

  it('needs the program for xz, whatever is in it', async () => {
    const xz = spawnSync('xz', ['-c'], { input: SMALL }).stdout;
    const job = jobOf(holding(xz), {});
    await copy(job, copyOf('/a.tar', '/n', unpacking));
    expect(job.draft.list('/n')).toEqual(['d', 'p']);
    vi.stubEnv('PATH', '/nonexistent');
    const text = spawnSync('/usr/bin/xz', ['-c'], { input: 'text' }).stdout;
    for (const bytes of [xz, text]) {
      const without = jobOf(holding(bytes), {});
      expect(await outcome(without.draft, () => copy(without, copyOf('/a.tar', '/n', unpacking)))).toBe(
        'exec: "xz": executable file not found in $PATH',
      );
    }
  });
});

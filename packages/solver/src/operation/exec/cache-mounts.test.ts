import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { CacheMounts, type CacheSharing } from './cache-mounts.ts';

describe('CacheMounts', () => {
  let root: string;
  let caches: CacheMounts;
  beforeEach(() => {
    root = temporaryFolder();
    caches = new CacheMounts(root);
  });

  const acquire = (key: string, sharing: CacheSharing, signal = new AbortController().signal) =>
    caches.acquire({ key, sharing, description: 'a test', signal });

  it('gives the same directory again, and one to each key', async () => {
    const first = await acquire('a', 'private');
    fs.writeFileSync(`${first.path}/f`, '1');
    first.release();
    const again = await acquire('a', 'locked');
    expect(fs.readdirSync(again.path)).toEqual(['f']);
    expect((await acquire('b', 'private')).path).not.toBe(again.path);
  });

  it('fills a new one, and only that', async () => {
    const fill = async (folder: string) => fs.writeFileSync(`${folder}/seed`, '');
    const request = {
      key: 'a',
      sharing: 'private',
      description: '',
      signal: new AbortController().signal,
      fill,
    } as const;
    const first = await caches.acquire(request);
    fs.unlinkSync(`${first.path}/seed`);
    first.release();
    expect(fs.readdirSync((await caches.acquire(request)).path)).toEqual([]);
    expect(fs.readdirSync((await caches.acquire(request)).path)).toEqual(['seed']);
  });

  it('shares a shared one', async () => {
    const [one, two] = [await acquire('a', 'shared'), await acquire('a', 'shared')];
    expect(two.path).toBe(one.path);
  });

  it('makes one for users that ask at the same time', async () => {
    const [one, two] = await Promise.all([acquire('a', 'shared'), acquire('a', 'shared')]);
    expect(two.path).toBe(one.path);
    const first = await Promise.race([acquire('b', 'locked'), acquire('b', 'locked')]);
    expect(fs.readdirSync(path.dirname(path.dirname(first.path)))).toHaveLength(1);
    first.release();
  });

  it('gives another one when a private one is in use', async () => {
    const [one, two] = [await acquire('a', 'private'), await acquire('a', 'private')];
    expect(two.path).not.toBe(one.path);
    expect((await acquire('a', 'shared')).path).not.toBe(one.path);
  });

  it('waits for a locked one, until stopped', async () => {
    const one = await acquire('a', 'locked');
    const stop = new AbortController();
    const stopped = acquire('a', 'locked', stop.signal);
    stop.abort();
    await expect(stopped).rejects.toThrow(/abort/);
    const waiting = acquire('a', 'locked');
    one.release();
    expect((await waiting).path).toBe(one.path);
  });

  it('respects what another process holds, until that ends', async () => {
    const one = await acquire('a', 'private');
    one.release();
    const lock = path.join(path.dirname(one.path), 'lock');
    const holder = spawn('flock', ['-xn', lock, 'sh', '-c', 'echo held; exec sleep 5']);
    await once(holder.stdout, 'data');
    const other = await acquire('a', 'private');
    expect(other.path).not.toBe(one.path);
    other.release();
    holder.kill();
    await once(holder, 'exit');
  });

  it('takes the directories of an id out of use, and removes them when they are free', async () => {
    (await acquire('a', 'shared')).release();
    (await acquire('a:ref', 'shared')).release();
    const used = await acquire('a:other', 'shared');
    const left = () => fs.readdirSync(root).map((key) => fs.readdirSync(path.join(root, key)).length);
    caches.prune('a', true);
    expect(left().sort()).toEqual([0, 1, 1]);
    const fresh = await acquire('a:other', 'shared');
    expect(fresh.path).not.toBe(used.path);
    used.release();
    fresh.release();
    caches.prune('a', false);
    expect(left().sort()).toEqual([0, 0, 1]);
  });

  it('leaves one that is in use where it is when another build prunes it', async () => {
    const [used, kept] = [await acquire('a', 'shared'), await acquire('b', 'locked')];
    fs.writeFileSync(`${used.path}/f`, 'mine');
    const others = new CacheMounts(root);
    others.prune('a', false);
    others.prune('b', false);
    // Two steps of the same build may have it, one after the other.
    expect(fs.readFileSync(`${used.path}/f`, 'utf8')).toBe('mine');
    const fresh = await others.acquire({
      key: 'b',
      sharing: 'locked',
      description: '',
      signal: AbortSignal.timeout(60_000),
    });
    expect(fresh.path).not.toBe(kept.path);
    for (const held of [used, kept, fresh]) held.release();
    others.prune('b', false);
    expect(fs.existsSync(kept.path)).toBe(false);
  });

  it('leaves what others are making or removing, until they die', async () => {
    (await acquire('a', 'shared')).release();
    const [folder = ''] = fs.readdirSync(root).map((name) => path.join(root, name));
    const halves = ['.new-other', '.old-7'].map((name) => path.join(folder, name));
    const holders = await Promise.all(
      halves.map(async (half) => {
        fs.mkdirSync(`${half}/data`, { recursive: true });
        const holder = spawn('flock', ['-F', '-xn', half, 'sh', '-c', 'echo held; exec sleep 60']);
        await once(holder.stdout, 'data');
        return holder;
      }),
    );
    (await acquire('a', 'shared')).release();
    expect(halves.every((half) => fs.existsSync(half))).toBe(true);
    for (const holder of holders) {
      holder.kill();
      await once(holder, 'exit');
    }
    (await acquire('a', 'shared')).release();
    expect(halves.some((half) => fs.existsSync(half))).toBe(false);
  });
});

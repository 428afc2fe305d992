import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { lstat } from '../../host/files.ts';
import { takeLease } from '../../host/lease.ts';
import { getXattr, mknod, setTimes, setXattr } from '../../host/syscalls.ts';
import { isRoot } from '../../host/testing/this-process.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import type { ExportWork } from '../base/export-work.ts';
import { exportLocal } from './local.ts';
import { treeOptions } from './tree-options.ts';

let dir: string;
let from: string;
let to: string;
const work: ExportWork = { pause: async () => {}, signal: new AbortController().signal, report: () => {} };

beforeEach(() => {
  dir = temporaryFolder();
  [from, to] = [`${dir}/from`, `${dir}/a/out`];
  fs.mkdirSync(from);
});

function exported(attrs: Record<string, string> = {}, during: ExportWork = work): Promise<void> {
  const options = treeOptions(attrs);
  const plan = { kind: 'tree', type: 'local', options, sink: { kind: 'directory', path: to } } as const;
  return exportLocal({ kind: 'single', content: new FolderTree(from) }, plan, during);
}

function listing(folder: string): string[] {
  return (fs.readdirSync(folder, { recursive: true }) as string[]).sort();
}

describe('exportLocal', () => {
  it('makes the folder for the user alone and writes the tree into it', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, 'hello');
    fs.symlinkSync('d/f', `${from}/l`);
    mknod(`${from}/p`, 'fifo', 0o600);
    await exported();
    expect(listing(to)).toEqual(['d', 'd/f', 'l', 'p']);
    expect(fs.readFileSync(`${to}/d/f`, 'utf8')).toBe('hello');
    expect(fs.readlinkSync(`${to}/l`)).toBe('d/f');
    expect(lstat(`${to}/p`)?.type).toBe('fifo');
    expect(fs.statSync(to).mode & 0o777).toBe(0o700);
  });

  it('keeps modes, times and xattrs, and shares no file with the store', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, 'x');
    setXattr(`${from}/d/f`, 'user.a', Buffer.from([1, 0]));
    fs.chmodSync(`${from}/d/f`, 0o4511);
    setTimes(`${from}/d/f`, 5n, -3_000_000_007n);
    fs.chmodSync(`${from}/d`, 0o1555);
    setTimes(`${from}/d`, 5n, 7_123_456_789n);
    await exported();
    const file = lstat(`${to}/d/f`);
    expect(file).toMatchObject({ mode: 0o4511, mtimeNs: -3_000_000_007n, nlink: 1 });
    expect(getXattr(`${to}/d/f`, 'user.a')).toEqual(Buffer.from([1, 0]));
    expect(lstat(`${to}/d`)).toMatchObject({ mode: 0o1555, mtimeNs: 7_123_456_789n });
    expect(file?.ino).not.toBe(lstat(`${from}/d/f`)?.ino);
  });

  it.runIf(isRoot)('gives everything to the user, whoever owned it', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, 'x');
    fs.chownSync(`${from}/d/f`, 1234, 5678);
    fs.chownSync(`${from}/d`, 1234, 5678);
    fs.chmodSync(`${from}/d/f`, 0o6755);
    await exported();
    expect(lstat(`${to}/d/f`)).toMatchObject({ uid: 0, gid: 0, mode: 0o6755 });
    expect(lstat(`${to}/d`)).toMatchObject({ uid: 0, gid: 0 });
  });

  it('keeps hard links', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/z`, 'x');
    fs.linkSync(`${from}/z`, `${from}/d/a`);
    await exported();
    expect(lstat(`${to}/z`)).toMatchObject({ nlink: 2, ino: lstat(`${to}/d/a`)?.ino });
  });

  it('unites with a folder that has something already', async () => {
    fs.mkdirSync(`${to}/d/only-there`, { recursive: true });
    fs.writeFileSync(`${to}/d/f`, 'old');
    fs.mkdirSync(`${to}/was-dir`);
    fs.writeFileSync(`${to}/was-dir/x`, '');
    fs.writeFileSync(`${to}/was-file`, '');
    fs.mkdirSync(`${dir}/outside`);
    fs.symlinkSync(`${dir}/outside`, `${to}/was-link`);
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, 'new');
    fs.writeFileSync(`${from}/was-dir`, 'file');
    fs.mkdirSync(`${from}/was-file`);
    fs.mkdirSync(`${from}/was-link`);
    fs.writeFileSync(`${from}/was-link/x`, '');
    setTimes(`${from}/d`, 1n, 42n);
    await exported();
    expect(listing(to)).toEqual([
      'd',
      'd/f',
      'd/only-there',
      'was-dir',
      'was-file',
      'was-link',
      'was-link/x',
    ]);
    expect(fs.readFileSync(`${to}/d/f`, 'utf8')).toBe('new');
    expect(lstat(`${to}/d`)?.mtimeNs).toBe(42n);
    expect(fs.readdirSync(`${dir}/outside`)).toEqual([]);
  });

  it('with mode=delete leaves nothing but the result', async () => {
    fs.mkdirSync(`${to}/d/only-there`, { recursive: true });
    fs.writeFileSync(`${to}/gone`, '');
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, '');
    await exported({ mode: 'delete' });
    expect(listing(to)).toEqual(['d', 'd/f']);
  });

  it('does it again over read-only directories', async () => {
    fs.mkdirSync(`${from}/d`);
    fs.writeFileSync(`${from}/d/f`, '1');
    fs.chmodSync(`${from}/d`, 0o555);
    await exported();
    fs.writeFileSync(`${from}/d/f`, '2');
    await exported();
    expect(fs.readFileSync(`${to}/d/f`, 'utf8')).toBe('2');
    expect(lstat(`${to}/d`)?.mode).toBe(0o555);
  });

  it('gives everything the time of source-date-epoch, and exports only src', async () => {
    fs.mkdirSync(`${from}/s/d`, { recursive: true });
    fs.writeFileSync(`${from}/s/f`, '');
    await exported({ 'source-date-epoch': '7', src: 's' });
    expect(listing(to)).toEqual(['d', 'f']);
    expect(lstat(`${to}/f`)?.mtimeNs).toBe(7_000_000_000n);
    expect(lstat(`${to}/d`)?.mtimeNs).toBe(7_000_000_000n);
  });

  it('leaves everything as it was when it is stopped', async () => {
    for (let i = 0; i < 300; i++) fs.writeFileSync(`${from}/f${i}`, 'new');
    const stopped = { ...work, pause: () => Promise.reject(new Error('stopped')) };
    await expect(exported({}, stopped)).rejects.toThrow('stopped');
    expect(fs.existsSync(`${dir}/a`)).toBe(false);
    fs.mkdirSync(to, { recursive: true });
    fs.writeFileSync(`${to}/f0`, 'old');
    await expect(exported({}, stopped)).rejects.toThrow('stopped');
    expect(listing(to)).toEqual(['f0']);
    expect(fs.readFileSync(`${to}/f0`, 'utf8')).toBe('old');
  });

  it('sweeps what a killed export left, but not what another one is writing', async () => {
    const running = '.llb-ts-export-99';
    fs.mkdirSync(`${to}/.llb-ts-export-999999999-1-0`, { recursive: true });
    fs.mkdirSync(`${to}/${running}`);
    const lease = takeLease(`${to}/${running}`);
    await exported();
    expect(fs.readdirSync(to)).toEqual([running]);
    lease?.release();
    await exported();
    expect(fs.readdirSync(to)).toEqual([]);
  });

  it('says what is wrong with the destination', async () => {
    fs.writeFileSync(`${dir}/file`, '');
    to = `${dir}/file`;
    await expect(exported()).rejects.toMatchObject({ code: 'export' });
    to = `${dir}/file/below`;
    await expect(exported()).rejects.toThrow(`failed to create dest dir ${to}: not a directory`);
  });
});

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errnoOf } from '../error/error.ts';
import { readlink } from './files.ts';
import { hasOpenat2, mkdirat, O, openat2, RESOLVE } from './openat2.ts';

const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'llb-ts-openat2-')));
afterAll(() => fs.rmSync(dir, { recursive: true }));

fs.mkdirSync(`${dir}/root/sub`, { recursive: true });
fs.mkdirSync(`${dir}/out`);
fs.writeFileSync(`${dir}/root/sub/f`, 'content');
fs.symlinkSync('/sub', `${dir}/root/absolute`);
fs.symlinkSync('../../out', `${dir}/root/leaves`);
fs.symlinkSync('loop', `${dir}/root/loop`);

describe.runIf(hasOpenat2())('openat2', () => {
  const folder = fs.openSync(`${dir}/root`, O.path | fs.constants.O_DIRECTORY);
  afterAll(() => fs.closeSync(folder));

  /** The path of what is opened, or the error. */
  const found = (name: string, resolve: number, flags: number = O.path): string | undefined => {
    try {
      const file = openat2(folder, name, flags, resolve);
      const place = readlink(`/proc/self/fd/${file}`);
      fs.closeSync(file);
      return place.slice(dir.length);
    } catch (error) {
      return errnoOf(error);
    }
  };

  it('takes the folder for the root', () => {
    expect(found('absolute/f', RESOLVE.inRoot)).toBe('/root/sub/f');
    expect(found('../../sub', RESOLVE.inRoot)).toBe('/root/sub');
    expect(found('leaves', RESOLVE.inRoot)).toBe('ENOENT');
    expect(found('loop', RESOLVE.inRoot)).toBe('ELOOP');
  });

  it('follows no link, leaves by none', () => {
    expect(found('sub/f', RESOLVE.beneath | RESOLVE.noLinks)).toBe('/root/sub/f');
    expect(found('absolute', RESOLVE.beneath)).toBe('EXDEV');
    expect(found('leaves', RESOLVE.beneath)).toBe('EXDEV');
    expect(found('absolute/f', RESOLVE.noLinks)).toBe('ELOOP');
    expect(found('sub/../sub', RESOLVE.beneath)).toBe('/root/sub');
    expect(found('..', RESOLVE.beneath)).toBe('EXDEV');
  });

  it('makes files and folders through descriptors', () => {
    const sub = openat2(folder, 'sub', O.path, RESOLVE.beneath);
    mkdirat(sub, 'made', 0o700);
    const flags = fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_WRONLY;
    fs.closeSync(openat2(sub, 'file', flags, RESOLVE.beneath, 0o600));
    expect(fs.statSync(`${dir}/root/sub/made`).mode & 0o777).toBe(0o700);
    expect(fs.statSync(`${dir}/root/sub/file`).mode & 0o777).toBe(0o600);
    expect(() => mkdirat(sub, 'made', 0o700)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    fs.closeSync(sub);
  });
});

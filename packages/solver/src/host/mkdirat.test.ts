import fs from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { mkdirat, O_PATH } from './mkdirat.ts';

const dir = temporaryFolder();

it('makes a folder in an open one, and none over a link', () => {
  const folder = fs.openSync(dir, O_PATH | fs.constants.O_DIRECTORY);
  try {
    mkdirat(folder, 'made', 0o700);
    expect(fs.statSync(`${dir}/made`).mode & 0o777).toBe(0o700);
    expect(() => mkdirat(folder, 'made', 0o700)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    fs.symlinkSync('elsewhere', `${dir}/link`);
    expect(() => mkdirat(folder, 'link', 0o700)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  } finally {
    fs.closeSync(folder);
  }
});

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { lstat } from './files.ts';
import { getXattr, listXattrs, mknod, removeXattr, setTimes, setXattr } from './syscalls.ts';

const dir = temporaryFolder();

describe('syscalls', () => {
  it('sets times to the nanosecond, before 1970 as well, and never through a link', () => {
    const file = path.join(dir, 'f');
    fs.writeFileSync(file, 'x');
    fs.symlinkSync('nowhere', path.join(dir, 'l'));
    for (const [name, ns] of [
      ['f', 1_107_403_506_123_456_789n],
      ['f', -1_500_000_001n],
      ['l', 981_173_106_000_000_001n],
    ] as const) {
      setTimes(path.join(dir, name), ns, ns);
      expect(lstat(path.join(dir, name))?.mtimeNs).toBe(ns);
    }
  });

  it('reads, lists and removes xattrs, on names that are no UTF-8 too', () => {
    const name = `${dir}/caf\xe9`;
    fs.writeFileSync(Buffer.from(name, 'latin1'), '');
    expect(listXattrs(name)).toEqual([]);
    setXattr(name, 'user.a', Buffer.from([0, 255]));
    expect(listXattrs(name)).toContain('user.a');
    expect(getXattr(name, 'user.a')).toEqual(Buffer.from([0, 255]));
    removeXattr(name, 'user.a');
    removeXattr(name, 'user.a');
    expect(getXattr(name, 'user.a')).toBeUndefined();
  });

  it('throws errors of the shape of fs', () => {
    expect(() => setXattr(`${dir}/none`, 'user.a', Buffer.from('1'))).toThrowError(
      expect.objectContaining({ code: 'ENOENT', syscall: 'lsetxattr' }),
    );
  });

  it('makes fifos', () => {
    mknod(`${dir}/p`, 'fifo', 0o644);
    expect(lstat(`${dir}/p`)?.type).toBe('fifo');
  });
});

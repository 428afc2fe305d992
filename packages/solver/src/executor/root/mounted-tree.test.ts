import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { MountedTree } from './mounted-tree.ts';

describe('MountedTree', () => {
  let dir: string;
  let tree: MountedTree;
  beforeEach(() => {
    dir = temporaryFolder();
    for (const folder of ['root/etc', 'cache/a', 'outside', 'other']) {
      fs.mkdirSync(`${dir}/${folder}`, { recursive: true });
    }
    tree = new MountedTree(`${dir}/root`);
    tree.cover('/c', `${dir}/cache`);
  });

  const where = (dest: string) =>
    tree.at(dest, ({ path, holder, isBelowMount }) => [path, holder, isBelowMount]);
  const make = (dest: string, kind: 'dir' | 'file' = 'dir') =>
    tree.at(dest, (place) => fs.realpathSync(place.make(kind)));

  it('starts links of a bound folder from the root', () => {
    fs.symlinkSync('/etc', `${dir}/cache/absolute`);
    fs.symlinkSync('../etc', `${dir}/cache/leaves`);
    fs.symlinkSync('../../../../outside', `${dir}/cache/far`);
    fs.symlinkSync('/c/a', `${dir}/root/in`);
    expect(where('/c/a/x')).toEqual(['/c/a/x', '/c', true]);
    expect(where('/c/absolute/x')).toEqual(['/etc/x', '/', true]);
    expect(where('/c/leaves/x')).toEqual(['/etc/x', '/', true]);
    expect(where('/c/far/x')).toEqual(['/outside/x', '/', true]);
    expect(where('/in/x')).toEqual(['/c/a/x', '/c', true]);
    expect(where('/c')).toEqual(['/c', '/', false]);
  });

  it('makes what is missing where links that lead nowhere lead, 0755 whatever the umask', () => {
    fs.symlinkSync('gone/deep', `${dir}/cache/dangling`);
    fs.symlinkSync('/new', `${dir}/cache/root`);
    const before = process.umask(0o077);
    try {
      expect(make('/c/dangling/x')).toBe(`${dir}/cache/gone/deep/x`);
      expect(make('/c/root', 'file')).toBe(`${dir}/root/new`);
    } finally {
      process.umask(before);
    }
    const made = ['cache/gone', 'cache/gone/deep/x', 'root/new'].map(
      (place) => fs.statSync(`${dir}/${place}`).mode & 0o7777,
    );
    expect(made).toEqual([0o755, 0o755, 0o755]);
  });

  it('fails for links in circles and for what lies below a file', () => {
    fs.symlinkSync('b', `${dir}/cache/l`);
    fs.symlinkSync('l', `${dir}/cache/b`);
    fs.writeFileSync(`${dir}/cache/f`, '');
    expect(() => where('/c/l/x')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    expect(() => make('/c/f/x')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  it('forgets what a later mount hides', () => {
    tree.cover('/c/a', `${dir}/other`);
    fs.mkdirSync(`${dir}/outside/a`);
    tree.cover('/c', `${dir}/outside`);
    expect(make('/c/a/x')).toBe(`${dir}/outside/a/x`);
  });

  it('makes nothing outside when a folder becomes a link after it was found', () => {
    fs.mkdirSync(`${dir}/cache/a/b`);
    tree.at('/c/a/b/made/here', (place) => {
      fs.renameSync(`${dir}/cache/a`, `${dir}/cache/moved`);
      fs.symlinkSync(`${dir}/outside`, `${dir}/cache/a`);
      place.make('dir');
    });
    expect(fs.readdirSync(`${dir}/outside`)).toEqual([]);
    expect(fs.existsSync(`${dir}/cache/moved/b/made/here`)).toBe(true);
  });

  it('refuses a link that another step puts where it makes a folder', () => {
    tree.at('/c/a/made/here', (place) => {
      fs.symlinkSync(`${dir}/outside`, `${dir}/cache/a/made`);
      expect(() => place.make('dir')).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
    });
    expect(fs.readdirSync(`${dir}/outside`)).toEqual([]);
  });
});

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { bindMount, MOST_LOWERS, mountAtOnce, mountMemory, mountOverlay, unmount } from './mount.ts';
import { enterMountNamespace } from './namespace.ts';
import { mknod, setXattr } from './syscalls.ts';
import { isRoot } from './testing/this-process.ts';

const dir = temporaryFolder();
const target = path.join(dir, 'target');

function folder(files: Readonly<Record<string, string>>): string {
  const made = path.join(dir, randomUUID());
  fs.mkdirSync(made);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(made, name)), { recursive: true });
    fs.writeFileSync(path.join(made, name), text);
  }
  return made;
}

describe.skipIf(!isRoot)('overlay mounts', () => {
  beforeAll(() => {
    enterMountNamespace();
    fs.mkdirSync(target);
  });
  afterEach(() => unmount(target));

  for (const [how, mountIt] of [
    ['in steps', mountOverlay],
    ['at once', mountAtOnce],
  ] as const) {
    it(`lays folders over each other, the last on top, ${how}`, () => {
      mountIt({ lowers: [folder({ a: '1', b: '1' }), folder({ b: '2' })], target }, false);
      expect(fs.readFileSync(`${target}/a`, 'utf8') + fs.readFileSync(`${target}/b`, 'utf8')).toBe('12');
    });

    it(`puts what is written into the upper folder, ${how}`, () => {
      const upper = folder({});
      mountIt({ lowers: [folder({ a: '1' })], upper, work: folder({}), target }, false);
      fs.writeFileSync(`${target}/a`, '2');
      expect(fs.readFileSync(`${upper}/a`, 'utf8')).toBe('2');
    });

    it(`takes ${MOST_LOWERS} folders, ${how}`, () => {
      const lowers = Array.from({ length: MOST_LOWERS }, (_, i) => folder({ [`f${i}`]: '' }));
      mountIt({ lowers, target }, false);
      expect(fs.readdirSync(target)).toHaveLength(MOST_LOWERS);
    });

    it(`takes folders whose names the kernel would read otherwise, ${how}`, () => {
      const odd = path.join(folder({}), 'a:b,c\\d');
      fs.mkdirSync(odd);
      fs.writeFileSync(`${odd}/x`, '');
      const long = path.join(folder({}), 'l'.repeat(250), 'm'.repeat(250));
      fs.mkdirSync(long, { recursive: true });
      fs.writeFileSync(`${long}/y`, '');
      mountIt({ lowers: [odd, long], target }, false);
      expect(fs.readdirSync(target).sort()).toEqual(['x', 'y']);
    });
  }

  it('shows no ghosts of whiteouts in a marked directory that merges with nothing', () => {
    const layer = folder({ 'd/kept': '' });
    mknod(`${layer}/d/gone`, 'char', 0);
    setXattr(`${layer}/d`, 'trusted.overlay.origin', Buffer.alloc(0));
    mountOverlay({ lowers: [folder({}), layer], target });
    expect(fs.readdirSync(`${target}/d`)).toEqual(['kept']);
  });
});

describe.skipIf(!isRoot)('other mounts', () => {
  beforeAll(() => enterMountNamespace());

  it('binds read-only', () => {
    const made = folder({ a: '1' });
    fs.mkdirSync(target, { recursive: true });
    bindMount(made, target, { readonly: true });
    expect(() => fs.writeFileSync(`${target}/b`, '')).toThrow(/EROFS/);
    unmount(target);
    unmount(target);
  });

  it('makes memory that is gone with the namespace', () => {
    fs.mkdirSync(target, { recursive: true });
    mountMemory(target, 0o711);
    expect(fs.statSync(target).mode & 0o777).toBe(0o711);
    fs.writeFileSync(`${target}/x`, '');
    unmount(target);
    expect(fs.readdirSync(target)).toEqual([]);
  });
});

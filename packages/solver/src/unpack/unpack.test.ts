import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/support/temporary.ts';
import { getXattr } from '../host/syscalls.ts';
import { isRoot, UNSTOPPED } from '../host/testing/this-process.ts';
import { chain, dump, temporaryStore } from '../layer/testing/layers.ts';
import { hollowTar, type MadeEntry, makeTar } from '../source/testing/make-tar.ts';
import { unpackInto } from './unpack-layer.ts';
import type { UnpackLimit } from './unpack-writer.ts';

const { store, root } = temporaryStore();
let serial = 0;

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Unpacks archives one on the other; returns the ids of the layers. */
async function unpackBytes(...archives: readonly Uint8Array[]): Promise<string[]> {
  return unpackWithin(undefined, ...archives);
}

async function unpackWithin(
  limit: UnpackLimit | undefined,
  ...archives: readonly Uint8Array[]
): Promise<string[]> {
  const ids: string[] = [];
  for (const archive of archives) {
    const base = ids.length > 0 ? chain(store, ids) : undefined;
    const draft = store.edit(base, { uid: 0, gid: 0 }, UNSTOPPED);
    const id = `unpacked-${serial++}`;
    try {
      const blob = { stream: once(archive), packing: 'detect' as const, ...(limit && { limit }) };
      await unpackInto(draft, base, blob);
      await store.commit(draft, id);
    } catch (error) {
      store.discard(draft);
      throw error;
    }
    ids.push(id);
  }
  return ids;
}

function unpack(...layers: readonly (readonly MadeEntry[])[]): Promise<string[]> {
  return unpackBytes(...layers.map((entries) => makeTar(...entries)));
}

async function tree(...layers: readonly (readonly MadeEntry[])[]): Promise<string[]> {
  return dump(chain(store, await unpack(...layers)));
}

/** Everything in the store's folder besides the layers: nothing may be written elsewhere. */
function outside(): string[] {
  return fs
    .readdirSync(root)
    .filter((name) => !['layers', 'empty', 'staging', 'store.json', 'lock'].includes(name));
}

const dir = (name: string, more: Partial<MadeEntry> = {}): MadeEntry => ({ name, type: 'dir', ...more });
const file = (name: string, content = '', more: Partial<MadeEntry> = {}): MadeEntry => ({
  name,
  content,
  ...more,
});
const symlink = (name: string, linkname: string): MadeEntry => ({ name, type: 'symlink', linkname });
const link = (name: string, linkname: string): MadeEntry => ({ name, type: 'link', linkname });

describe('a directory that comes by itself', () => {
  it('takes after what a layer below has, whatever a link on this machine says', async () => {
    const outside = temporaryFolder();
    fs.symlinkSync('/private', `${outside}/x`);
    const base = [dir('private', { mode: 0o700 }), symlink('l', 'm'), symlink('m', outside)];
    expect(await tree(base, [file('l/x/f')])).toContain('/l/x dir 755 0:0');
  });
});

describe('one layer', () => {
  it('keeps modes, times, links and what is given twice', async () => {
    const ids = await unpack([
      dir('d/', { mode: 0o1711, mtimeNs: 3_000_000_000n }),
      file('d/a', 'first', { mode: 0o4755 }),
      file('d/a', 'second', { mode: 0o600, mtimeNs: 5n }),
      link('d/b', 'd/a'),
      symlink('l', '../../x'),
    ]);
    const shown = chain(store, ids);
    expect(dump(shown)).toEqual([
      '/d dir 1711 0:0',
      '/d/a file 644 0:0 "second"',
      '/d/b file 644 0:0 "second"',
      '/l symlink 777 0:0 -> ../../x',
    ]);
    expect(shown.lookup('/d')?.stat.mtimeNs).toBe(3_000_000_000n);
    expect(shown.lookup('/d/a')?.stat.ino).toBe(shown.lookup('/d/b')?.stat.ino);
  });

  it('takes times that no file can have as 1970', async () => {
    const ids = await unpack([
      file('old', '', { mtimeNs: -5_000_000_000n }),
      file('ns', '', { mtimeNs: 7n }),
    ]);
    const shown = chain(store, ids);
    expect(shown.lookup('/old')?.stat.mtimeNs).toBe(0n);
    expect(shown.lookup('/ns')?.stat.mtimeNs).toBe(7n);
  });

  it('makes missing parents', async () => {
    expect(await tree([file('a/b/c', 'x')])).toEqual([
      '/a dir 755 0:0',
      '/a/b dir 755 0:0',
      '/a/b/c file 644 0:0 "x"',
    ]);
  });

  it('keeps xattrs except those of whoever runs the machine', async () => {
    const pax = new Map([
      ['SCHILY.xattr.user.a', '\xff\0b'],
      ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
    ]);
    const [id] = await unpack([file('f', 'x', { pax })]);
    const hostPath = `${store.path(id!, 'own')}/f`;
    expect(getXattr(hostPath, 'user.a')).toEqual(Buffer.from('\xff\0b', 'latin1'));
    expect(getXattr(hostPath, 'trusted.overlay.opaque')).toBeUndefined();
  });

  it('applies whiteouts to what the layer itself brought', async () => {
    expect(await tree([file('a', '1'), file('b', '2'), file('.wh.a')])).toEqual(['/b file 644 0:0 "2"']);
    expect(await tree([dir('d'), file('d/a'), file('d/.wh..wh..opq'), file('d/b')])).toEqual([
      '/d dir 755 0:0',
      '/d/a file 644 0:0 ""',
      '/d/b file 644 0:0 ""',
    ]);
  });

  it('empties a directory of what came by itself only', async () => {
    expect(await tree([dir('d'), file('d/sub/x'), file('d/.wh..wh..opq')])).toEqual(['/d dir 755 0:0']);
  });

  it('is empty for an empty archive, and for no bytes at all', async () => {
    expect(await tree([])).toEqual([]);
    expect(dump(chain(store, await unpackBytes(Buffer.alloc(0))))).toEqual([]);
  });

  it('tells the digest of the plain tar whatever it is packed with', async () => {
    const plain = makeTar(file('a', 'x'));
    const digests = new Set<string>();
    for (const bytes of [
      plain,
      gzipSync(plain),
      Buffer.concat([gzipSync(plain.subarray(0, 700)), gzipSync(plain.subarray(700))]),
    ]) {
      const draft = store.edit(undefined, { uid: 0, gid: 0 }, UNSTOPPED);
      digests.add(await unpackInto(draft, undefined, { stream: once(bytes), packing: 'detect' }));
      store.discard(draft);
    }
    expect(digests.size).toBe(1);
  });
});

describe('a layer on others', () => {
  const below = [
    dir('d', { mode: 0o750 }),
    file('d/a', 'a'),
    file('d/b', 'b'),
    dir('d/sub'),
    file('d/sub/x', 'x'),
  ];

  it('removes what whiteouts name, and says nothing of what is not there', async () => {
    const ids = await unpack(below, [file('d/.wh.a'), file('d/.wh.nothing'), file('.wh.neither')]);
    expect(dump(chain(store, ids))).toEqual([
      '/d dir 750 0:0',
      '/d/b file 644 0:0 "b"',
      '/d/sub dir 755 0:0',
      '/d/sub/x file 644 0:0 "x"',
    ]);
    expect(fs.readdirSync(`${store.path(ids[1]!, 'own')}/d`)).toEqual(['a']);
  });

  it('hides everything below an opaque directory, wherever the marker stands', async () => {
    for (const marker of [
      [dir('d'), file('d/.wh..wh..opq'), dir('d/sub'), file('d/new', 'n')],
      [dir('d'), dir('d/sub'), file('d/new', 'n'), file('d/.wh..wh..opq')],
    ]) {
      expect(await tree(below, marker)).toEqual([
        '/d dir 755 0:0',
        '/d/new file 644 0:0 "n"',
        '/d/sub dir 755 0:0',
      ]);
    }
  });

  it('knows no opaque root', async () => {
    expect(await tree([file('a')], [file('.wh..wh..opq'), file('b')])).toEqual([
      '/a file 644 0:0 ""',
      '/b file 644 0:0 ""',
    ]);
  });

  it('still shows what lies below a directory that is removed and made again', async () => {
    expect(await tree(below, [file('d/.wh.sub'), dir('d/sub', { mode: 0o700 })])).toContain(
      '/d/sub/x file 644 0:0 "x"',
    );
  });

  it('gives parents that it does not describe the metadata they have below', async () => {
    expect(await tree(below, [file('d/sub/deep/y', 'y')])).toEqual([
      '/d dir 750 0:0',
      '/d/a file 644 0:0 "a"',
      '/d/b file 644 0:0 "b"',
      '/d/sub dir 755 0:0',
      '/d/sub/deep dir 755 0:0',
      '/d/sub/deep/y file 644 0:0 "y"',
      '/d/sub/x file 644 0:0 "x"',
    ]);
  });

  it('does not walk through a link of a lower layer', async () => {
    expect(await tree([dir('e', { mode: 0o711 }), symlink('le', 'e')], [file('le/new', 'n')])).toEqual([
      '/e dir 711 0:0',
      '/le dir 711 0:0',
      '/le/new file 644 0:0 "n"',
    ]);
  });

  it('replaces a directory by a file and a file by a directory', async () => {
    expect(await tree(below, [file('d', 'f')], [dir('d'), file('d/z')])).toEqual([
      '/d dir 755 0:0',
      '/d/z file 644 0:0 ""',
    ]);
  });

  it.each([
    ['a hard link to a lower file', [link('l', 'd/a')], /^link \/d\/a \/l: no such file or directory$/],
    [
      'a whiteout after the entry',
      [dir('d'), dir('d/sub'), file('d/.wh.sub')],
      /^failed to convert whiteout file "d\/.wh.sub": file exists$/,
    ],
  ])('refuses %s', async (_, entries, message) => {
    await expect(unpack(below, entries)).rejects.toThrow(message);
  });
});

describe('hostile archives', () => {
  const inside: readonly [string, readonly MadeEntry[], readonly string[]][] = [
    ['a climbing name', [file('../../evil', 'x')], ['/evil file 644 0:0 "x"']],
    ['an absolute name', [file('/etc/evil', 'x')], ['/etc dir 755 0:0', '/etc/evil file 644 0:0 "x"']],
    ['dots inside a name', [file('a/../../../b', 'x')], ['/b file 644 0:0 "x"']],
    ['the root as an entry', [dir('.//'), dir('/'), dir('..'), file('.', 'x')], []],
    [
      'a link out and a file through it',
      [symlink('out', '/'), file('out/evil', 'x')],
      ['/evil file 644 0:0 "x"', '/out symlink 777 0:0 -> /'],
    ],
    [
      'a climbing link and a file through it',
      [dir('d'), symlink('d/out', '../../..'), file('d/out/evil', 'x')],
      ['/d dir 755 0:0', '/d/out symlink 777 0:0 -> ../../..', '/evil file 644 0:0 "x"'],
    ],
    [
      'links in a row',
      [symlink('a', 'b'), symlink('b', '/c/../../d'), dir('d'), file('a/x', 'x')],
      [
        '/a symlink 777 0:0 -> b',
        '/b symlink 777 0:0 -> /c/../../d',
        '/d dir 755 0:0',
        '/d/x file 644 0:0 "x"',
      ],
    ],
    ['a file where a link was', [symlink('l', '/etc/passwd'), file('l', 'mine')], ['/l file 644 0:0 "mine"']],
    [
      'a directory that is swapped for a link',
      [dir('d'), symlink('d', '/tmp'), file('d/x', 'x')],
      ['/d symlink 777 0:0 -> /tmp', '/tmp dir 755 0:0', '/tmp/x file 644 0:0 "x"'],
    ],
    [
      'a whiteout through a link out',
      [symlink('out', '/'), file('keep', 'k'), file('out/.wh.keep')],
      ['/out symlink 777 0:0 -> /'],
    ],
    [
      'a dangling link as parent',
      [symlink('l', 'nowhere'), file('l/x')],
      ['/l symlink 777 0:0 -> nowhere', '/nowhere dir 755 0:0', '/nowhere/x file 644 0:0 ""'],
    ],
    [
      'a hard link through a climbing name',
      [file('a', 'x'), link('b', '../../a')],
      ['/a file 644 0:0 "x"', '/b file 644 0:0 "x"'],
    ],
    [
      'a hard link to a link',
      [symlink('s', '/etc/passwd'), link('h', 's')],
      ['/h symlink 777 0:0 -> /etc/passwd', '/s symlink 777 0:0 -> /etc/passwd'],
    ],
  ];

  it.each(inside)('%s stays inside', async (_, entries, shown) => {
    expect(await tree(entries)).toEqual(shown);
    expect(outside()).toEqual([]);
  });

  const refused: readonly [string, readonly MadeEntry[], RegExp][] = [
    ['a hard link to nothing', [link('h', 'nothing')], /no such file or directory/],
    ['a hard link to itself', [file('h'), link('h', 'h')], /no such file or directory/],
    [
      'a hard link out of the root',
      [link('h', '../../../etc/passwd')],
      /link \/etc\/passwd \/h: no such file/,
    ],
    ['a hard link to a directory', [dir('d'), link('h', 'd')], /operation not permitted/],
    ['a hard link to the root', [link('h', '..')], /operation not permitted/],
    [
      'a hard link through a link out',
      [symlink('l', '/etc'), link('h', 'l/passwd')],
      /link \/etc\/passwd \/h: no such file/,
    ],
    ['a file as a parent', [file('f'), file('f/x')], /^mkparent \/f: not a directory$/],
    [
      'a file as a grandparent',
      [file('f'), file('f/x/y')],
      /^failed to get root path: lstat \/f\/x: not a directory$/,
    ],
    ['links in a circle', [symlink('a', 'b'), symlink('b', 'a'), file('a/x')], /too many links/],
    ['a link to itself', [symlink('a', 'a'), file('a/x')], /too many links/],
    ['a whiteout of nothing', [file('.wh.')], /^invalid whiteout name: .wh.: invalid archive$/],
    ['a whiteout of the directory', [dir('d'), file('d/.wh..')], /invalid whiteout name/],
    [
      'a whiteout of the parent',
      [dir('d'), file('d/.wh...')],
      /invalid whiteout name: .wh...: invalid archive/,
    ],
    ['a name that is too long', [file('n'.repeat(300))], /ENAMETOOLONG|file name too long/],
    [
      'a directory that goes before its times are set',
      [dir('d'), file('.wh.d')],
      /UtimesNanoAt for \/d: no such file/,
    ],
  ];

  it.each(refused)('%s is refused', async (_, entries, message) => {
    await expect(unpack(entries)).rejects.toThrow(message);
    expect(outside()).toEqual([]);
  });

  it.each([
    ['cut in a header', (tar: Buffer) => tar.subarray(0, 300)],
    ['cut in content', (tar: Buffer) => tar.subarray(0, 600)],
    ['cut inside a gzip stream', (tar: Buffer) => gzipSync(tar).subarray(0, 40)],
    ['with a damaged header', (tar: Buffer) => Buffer.concat([Buffer.alloc(512, 'x'), tar])],
    ['that claims more content than there is', (tar: Buffer) => withSize(tar, '77777777777')],
  ])('an archive %s is refused, and nothing of it stays', async (_, change) => {
    await expect(unpackBytes(change(makeTar(file('a', 'content'.repeat(50)))))).rejects.toThrow();
    expect(
      fs.readdirSync(fs.readdirSync(`${root}/staging`).map((tag) => `${root}/staging/${tag}`)[0]!),
    ).toEqual([]);
  });

  const limit = (bytes: number): UnpackLimit => ({ bytes, exceeded: () => new Error('too much') });
  it.each<[string, Buffer]>([
    ['one file', makeTar(file('a', 'x'.repeat(1_001)))],
    ['many', makeTar(...Array.from({ length: 11 }, (_, i) => file(`f${i}`, 'x'.repeat(100))))],
    ['packed', gzipSync(makeTar(file('a', '0'.repeat(1_000_000))))],
    ['a hole that only claims to be there', hollowTar(2 ** 52)],
    ['a file that claims more than comes', withSize(makeTar(file('a', 'x')), '77777777777')],
  ])('an archive that grows too large stops: %s', async (_, archive) => {
    await expect(unpackWithin(limit(1_000), archive)).rejects.toThrow('too much');
    expect(
      fs.readdirSync(fs.readdirSync(`${root}/staging`).map((tag) => `${root}/staging/${tag}`)[0]!),
    ).toEqual([]);
  });

  it('counts only what stays', async () => {
    const again = Array.from({ length: 20 }, () => file('same', 'x'.repeat(1_000)));
    await unpackWithin(limit(1_000), makeTar(...again, link('other', 'same')));
  });

  it.runIf(isRoot)('makes devices and owners as they are given', async () => {
    expect(
      await tree([
        { name: 'c', type: 'char', major: 1, minor: 3, mode: 0o666 },
        { name: 'b', type: 'block', major: 7, minor: 300 },
        { name: 'p', type: 'fifo' },
        file('f', '', { uid: 4_000_000_000, gid: 70_000 }),
      ]),
    ).toEqual(['/b block 644 0:0', '/c char 666 0:0', '/f file 644 4000000000:70000 ""', '/p fifo 644 0:0']);
  });

  it.runIf(isRoot)('takes a device 0:0 for a whiteout', async () => {
    const ids = await unpack(
      [file('a', 'x'), file('b', 'y')],
      [{ name: 'a', type: 'char', major: 0, minor: 0 }],
    );
    expect(dump(chain(store, ids))).toEqual(['/b file 644 0:0 "y"']);
  });
});

/** The archive with another size in its first header. */
function withSize(tar: Buffer, octal: string): Buffer {
  const copy = Buffer.from(tar);
  copy.write(octal, 124, 'latin1');
  copy.fill(' ', 148, 156);
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

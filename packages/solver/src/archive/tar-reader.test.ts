import { describe, expect, it } from 'vitest';
import { readTar } from './tar-reader.ts';
import { type BlockFields, blockOf, END, entry, paxEntry, streamOf } from './testing/tar-blocks.ts';

async function read(archive: Uint8Array, chunk = 700) {
  const entries = [];
  for await (const { header, body } of readTar(streamOf(archive, chunk))) {
    const parts: Uint8Array[] = [];
    for await (const bytes of body) parts.push(bytes);
    entries.push({ header, content: Buffer.concat(parts).toString('latin1') });
  }
  return entries;
}

async function readOne(...parts: Uint8Array[]) {
  const entries = await read(Buffer.concat([...parts, END]));
  expect(entries).toHaveLength(1);
  return entries[0]!;
}

describe('readTar', () => {
  it.each([1, 511, 512, 513, 10_000])('reads entries whatever the chunks (%i bytes)', async (chunk) => {
    const archive = Buffer.concat([
      entry({ name: 'd/', type: '5', mode: 0o1777 }),
      entry({ name: 'd/f', mode: 0o644, uid: 7, gid: 8, mtime: 1_000_000_000 }, 'x'.repeat(1500)),
      entry({ name: 'd/l', type: '2', linkname: 'f' }),
      END,
    ]);
    const entries = await read(archive, chunk);
    expect(entries.map((e) => [e.header.name, e.header.type, e.content.length])).toEqual([
      ['d/', 'dir', 0],
      ['d/f', 'file', 1500],
      ['d/l', 'symlink', 0],
    ]);
    expect(entries[0]!.header.mode).toBe(0o1777);
    expect(entries[1]!.header).toMatchObject({ uid: 7, gid: 8, mtimeNs: 1_000_000_000_000_000_000n });
    expect(entries[2]!.header.linkname).toBe('f');
  });

  it('passes over bodies that nobody read', async () => {
    const names = [];
    const archive = Buffer.concat([entry({ name: 'a' }, 'x'.repeat(2000)), entry({ name: 'b' }, 'y'), END]);
    for await (const { header } of readTar(streamOf(archive, 100))) names.push(header.name);
    expect(names).toEqual(['a', 'b']);
  });

  it('keeps names, link targets and xattr values byte for byte', async () => {
    const name = `n\xff\xfe/${'x'.repeat(150)}`;
    const { header } = await readOne(
      paxEntry({
        path: name,
        linkpath: '\x80',
        'SCHILY.xattr.security.capability': '\x01\x00\x00\x02\n=\x00',
      }),
      entry({ name: 'short', type: '2' }),
    );
    expect(header.name).toBe(name);
    expect(header.linkname).toBe('\x80');
    expect(header.xattrs.get('security.capability')).toEqual(Buffer.from('010000020a3d00', 'hex'));
  });

  it('reads GNU long names and links, and the ustar prefix', async () => {
    const long = 'g'.repeat(300);
    const gnu = await readOne(
      entry({ name: '././@LongLink', type: 'K' }, `${long}l\0`),
      entry({ name: '././@LongLink', type: 'L' }, `${long}\0`),
      entry({ name: 'cut', type: '2', linkname: 'cut' }),
    );
    expect(gnu.header).toMatchObject({ name: long, linkname: `${long}l` });
    const ustar = await readOne(entry({ name: 'n', prefix: 'p/q' }));
    expect(ustar.header.name).toBe('p/q/n');
  });

  it.each<[string, Record<string, string>, object]>([
    ['large ids', { uid: '4294967294', gid: '2147483648' }, { uid: 4_294_967_294, gid: 2_147_483_648 }],
    ['ids beyond 32 bits wrap as in the system call', { uid: '4294967297' }, { uid: 1 }],
    ['-1', { gid: '-1' }, { gid: 4_294_967_295 }],
    ['late times', { mtime: '4294967296.000000001' }, { mtimeNs: 4_294_967_296_000_000_001n }],
    ['times before 1970', { mtime: '-1.5' }, { mtimeNs: -1_500_000_000n }],
    ['more digits than nanoseconds', { mtime: '1.1234567899' }, { mtimeNs: 1_123_456_789n }],
    ['an empty value keeps the header', { uid: '' }, { uid: 5 }],
  ])('PAX: %s', async (_, records, expected) => {
    expect((await readOne(paxEntry(records), entry({ name: 'f', uid: 5, gid: 6 }))).header).toMatchObject(
      expected,
    );
  });

  it('reads numbers in base 256', async () => {
    const block = blockOf({ name: 'f' }, 0, (raw) => {
      raw.write('80000000fffffffe', 108, 'hex');
      raw.write('ffffffffffffffffffffffff', 136, 'hex');
    });
    expect((await readOne(block)).header).toMatchObject({ uid: 4_294_967_294, mtimeNs: -1_000_000_000n });
  });

  it('takes the size from PAX', async () => {
    const content = Buffer.alloc(512, 'z');
    const { content: read } = await readOne(paxEntry({ size: '3' }), entry({ name: 'f', size: 0 }), content);
    expect(read).toBe('zzz');
  });

  it('expands sparse files of all PAX formats', async () => {
    const data = Buffer.alloc(512, 0);
    data.write('abcdef');
    const map = { 'GNU.sparse.numblocks': '2', 'GNU.sparse.map': '2,4,10,2', 'GNU.sparse.size': '14' };
    const expected = '\0\0abcd\0\0\0\0ef\0\0';
    const v01 = await readOne(
      paxEntry({ 'GNU.sparse.name': 'real', ...map }),
      blockOf({ name: 'fake' }, 6),
      data,
    );
    expect(v01.header).toMatchObject({ name: 'real', size: 14 });
    expect(v01.content).toBe(expected);
    const v10 = await readOne(
      paxEntry({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '14' }),
      blockOf({ name: 'f' }, 518),
      Buffer.from('2\n2\n4\n10\n2\n'.padEnd(512, '\0')),
      data,
    );
    expect(v10.content).toBe(expected);
  });

  it('ends at the end of the stream, without padding or end mark', async () => {
    expect(await read(Buffer.alloc(0))).toEqual([]);
    expect(await read(END.subarray(0, 512))).toEqual([]);
    const archive = entry({ name: 'a' }, 'abc');
    expect(await read(archive)).toHaveLength(1);
    expect(await read(archive.subarray(0, 515))).toHaveLength(1);
  });

  it('stops at the end mark, and drains what follows only when asked', async () => {
    const archive = Buffer.concat([END, Buffer.alloc(5000, 1)]);
    for (const [drain, expected] of [
      [false, 1024],
      [true, archive.length],
    ] as const) {
      let seen = 0;
      const counted = (async function* () {
        for await (const bytes of streamOf(archive, 512)) {
          seen += bytes.length;
          yield bytes;
        }
      })();
      for await (const _ of readTar(counted, { drain })) expect.unreachable();
      expect(seen).toBe(expected);
    }
  });

  it('hands over unknown types and global headers', async () => {
    const entries = await read(
      Buffer.concat([entry({ name: 'g', type: 'g' }, '12 path=abc\n'), entry({ name: 's', type: 'S' }), END]),
    );
    expect(entries.map((e) => [e.header.type, e.header.typeflag])).toEqual([
      ['global', 0x67],
      ['other', 0x53],
    ]);
  });

  const record = (fields: BlockFields, content: string) =>
    entry({ name: 'x', type: 'x', ...fields }, content);
  it.each<[string, Uint8Array, string]>([
    ['a wrong checksum', blockOf({ name: 'a' }, 0, undefined, 1), 'archive/tar: invalid tar header'],
    ['text', Buffer.alloc(512, 'hello '), 'archive/tar: invalid tar header'],
    [
      'a zero block before a header',
      Buffer.concat([END.subarray(512), entry({ name: 'a' })]),
      'invalid tar header',
    ],
    ['half a header', entry({ name: 'a' }).subarray(0, 300), 'unexpected EOF'],
    ['half a body', entry({ name: 'a' }, 'x'.repeat(100)).subarray(0, 540), 'unexpected EOF'],
    [
      'a size of 8 EiB',
      blockOf({ name: 'a' }, 0, (b) => b.write('807fffffffffffffffffffff', 124, 'hex')),
      'invalid',
    ],
    [
      'a negative size',
      blockOf({ name: 'a' }, 0, (b) => b.write('ffffffffffffffffffffffff', 124, 'hex')),
      'invalid',
    ],
    ['digits beyond 7', blockOf({ name: 'a' }, 0, (b) => b.write('0000098', 100)), 'invalid tar header'],
    [
      'a size larger than the archive',
      blockOf({ name: 'a' }, 0, (b) => b.write('77777777777', 124)),
      'unexpected EOF',
    ],
    ['an endless record', record({}, '99999999 path=a\n'), 'invalid tar header'],
    ['a record without newline', record({}, '9 path=ab'), 'invalid tar header'],
    ['a record without key', record({}, '6 =ab\n'), 'invalid tar header'],
    ['a NUL in a path', record({}, '11 path=\0b\n'), 'invalid tar header'],
    ['an extended header of 2 MiB', blockOf({ name: 'x', type: 'x' }, 2 << 20), 'header field too long'],
    ['a PAX number that is none', Buffer.concat([paxEntry({ uid: '0x1' }), entry({ name: 'a' })]), 'invalid'],
    [
      'overlapping fragments',
      Buffer.concat([
        paxEntry({ 'GNU.sparse.numblocks': '2', 'GNU.sparse.map': '0,4,2,2', 'GNU.sparse.size': '9' }),
        entry({ name: 'a' }, 'abcdef'),
      ]),
      'invalid tar header',
    ],
    [
      'fragments without data',
      Buffer.concat([
        paxEntry({ 'GNU.sparse.numblocks': '1', 'GNU.sparse.map': '0,9', 'GNU.sparse.size': '9' }),
        entry({ name: 'a' }, 'abc'),
      ]),
      'sparse file references non-existent data',
    ],
  ])('refuses %s', async (_, archive, message) => {
    await expect(read(archive)).rejects.toThrow(message);
  });
});

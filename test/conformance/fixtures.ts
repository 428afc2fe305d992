/** External inputs of cases: archives with entries that no file action can make, and folders to import. */
import { gzipSync } from 'node:zlib';
import { Local, type State } from 'llb-ts';
import type { FolderEntry } from '../support/folder.ts';
import { type ArchiveEntry, writeTar } from '../support/write-tar.ts';
import { copy, layer, type Step } from './vocabulary.ts';

const TOO_NEW_TO_COMPARE = 2_000_000_000;

const specialFiles: readonly ArchiveEntry[] = [
  { name: 'etc/', type: 'dir' },
  { name: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n' },
  { name: 'etc/group', content: 'root:x:0:\nstaff:x:50:alice\nalice:x:1001:\n' },
  { name: 's/', type: 'dir', mode: 0o1777, uid: 3, gid: 4 },
  { name: 's/suid', content: 'runs as its owner', mode: 0o4755, uid: 5, gid: 6 },
  { name: 's/sgid', content: 'runs as its group', mode: 0o2711 },
  { name: 's/fifo', type: 'fifo', mode: 0o620, uid: 7, gid: 8 },
  { name: 's/char', type: 'char', dev: [1, 7], mode: 0o666 },
  { name: 's/block', type: 'block', dev: [7, 200], mode: 0o660, gid: 6 },
  { name: 's/hard-a', content: 'three names', mtime: 1_000_000_001 },
  { name: 's/hard-b', type: 'hardlink', linkname: 's/hard-a' },
  { name: 's/deep/', type: 'dir' },
  { name: 's/deep/hard-c', type: 'hardlink', linkname: 's/hard-a' },
  { name: 's/link-hard', type: 'symlink', linkname: 'hard-a' },
  { name: 's/dangling', type: 'symlink', linkname: '/nowhere/at/all', uid: 9, gid: 9 },
  { name: 's/loop-a', type: 'symlink', linkname: 'loop-b' },
  { name: 's/loop-b', type: 'symlink', linkname: 'loop-a' },
  {
    name: 's/xattr',
    content: 'has attributes',
    xattrs: { 'user.note': 'kept', 'user.other': '\u0001binary' },
  },
  { name: 's/xattr-dir/', type: 'dir', xattrs: { 'user.note': 'dir' } },
  { name: 's/empty', content: '' },
  { name: `s/${'n'.repeat(255)}`, content: 'the longest name' },
  { name: 's/caf\u00e9 \u2603', content: 'not only ASCII' },
  { name: 's/new\nline', content: 'a newline in the name' },
  { name: 's/.wh.not-a-whiteout', content: 'an ordinary file' },
];

const plainFiles: readonly ArchiveEntry[] = [
  { name: 'p/', type: 'dir', mode: 0o750, mtime: 1_000_000_100 },
  { name: 'p/one.txt', content: 'one', uid: 11, gid: 12 },
  { name: 'p/sub/two.txt', content: 'two' },
];

/** One entry `/d` of each kind. */
const KINDS = {
  empty: [{ name: 'd/', type: 'dir', mode: 0o711, uid: 3, gid: 4 }],
  filled: [
    { name: 'd/', type: 'dir', mode: 0o750, uid: 5 },
    { name: 'd/in', content: 'in' },
    { name: 'd/sub/', type: 'dir' },
    { name: 'd/sub/deep', content: 'deep' },
  ],
  noted: [
    { name: 'd/', type: 'dir', xattrs: { 'user.a': 'noted', 'user.b': 'noted' } },
    { name: 'd/sub/', type: 'dir', xattrs: { 'user.deep': 'noted' } },
  ],
  marked: [
    { name: 'd/', type: 'dir', xattrs: { 'user.b': 'marked', 'user.c': 'marked' } },
    { name: 'd/sub/', type: 'dir', xattrs: { 'user.deeper': 'marked' } },
    { name: 'd/sub/m', content: 'm' },
  ],
  file: [{ name: 'd', content: 'file', mode: 0o640 }],
  link: [{ name: 'd', type: 'symlink', linkname: 'elsewhere' }],
  char: [{ name: 'd', type: 'char', dev: [1, 7], mode: 0o666 }],
  block: [{ name: 'd', type: 'block', dev: [7, 200], mode: 0o660, gid: 6 }],
  fifo: [{ name: 'd', type: 'fifo', mode: 0o620, uid: 7 }],
  hidden: [
    { name: 'd/', type: 'dir', mode: 0o711, xattrs: { 'user.overlay.opaque': 'y', 'user.b': 'kept' } },
    { name: 'd/sub/', type: 'dir' },
    { name: 'd/sub/new', content: 'new' },
  ],
} as const satisfies Readonly<Record<string, readonly ArchiveEntry[]>>;

const LINKED_NAMES = ['k/b', 'l/a', 'l/m', 'l/z'] as const;
export type LinkedName = (typeof LINKED_NAMES)[number];

/** Some names of one file, or each a file of its own; a symbolic link has two names as well. */
function linkedFiles(names: readonly string[], isOne: boolean): readonly ArchiveEntry[] {
  const [first = ''] = names;
  const linkname = names.includes('l/a') ? 'l/a-link' : '';
  return [
    { name: 'k/', type: 'dir', mode: 0o750 },
    { name: 'l/', type: 'dir', uid: 3 },
    ...names.map(
      (name): ArchiveEntry =>
        isOne && name !== first
          ? { name, type: 'hardlink', linkname: first }
          : { name, content: 'same', gid: 4 },
    ),
    ...(linkname === '' ? [] : ([{ name: linkname, type: 'symlink', linkname: 'a' }] as const)),
    ...(isOne && linkname !== '' ? ([{ name: 'k/also', type: 'hardlink', linkname }] as const) : []),
  ];
}

export const LINKED_SUBSETS: readonly (readonly LinkedName[])[] = [
  ['k/b'],
  ['l/a'],
  ['l/m'],
  ['l/z'],
  ['k/b', 'l/m'],
  ['l/a', 'l/z'],
];

export type Kind = keyof typeof KINDS;

/** A folder of archives, for `Copy(..., { attemptUnpack: true })`. */
const archives = (): readonly FolderEntry[] => [
  ...Object.entries(KINDS).map(([kind, entries]) => ({ path: `d-${kind}.tar`, content: writeTar(entries) })),
  { path: 'links.tar', content: writeTar(linkedFiles(LINKED_NAMES, true)) },
  ...LINKED_SUBSETS.map((names) => ({
    path: linkedArchive(names),
    content: writeTar(linkedFiles(names, false)),
  })),
  { path: 'tree.tar', content: writeTar(tree.map(archived)) },
  { path: 'special.tar', content: writeTar(specialFiles) },
  { path: 'plain.tar', content: writeTar(plainFiles) },
  { path: 'plain.tar.gz', content: gzipSync(writeTar(plainFiles), { level: 9 }) },
  { path: 'empty.tar', content: writeTar([]) },
  { path: 'not-an-archive', content: 'just some text' },
  {
    path: 'upwards.tar',
    content: writeTar([
      { name: '../outside', content: 'stays inside' },
      { name: '/absolute', content: 'also inside' },
    ]),
  },
  {
    path: 'through-link.tar',
    content: writeTar([
      { name: 'etc/', type: 'dir' },
      { name: 'door', type: 'symlink', linkname: '/etc' },
      { name: 'door/hosts', content: 'not in the real /etc' },
    ]),
  },
];

function archived(entry: FolderEntry): ArchiveEntry {
  const { path, target, type = 'file', mtime, mode, content } = entry;
  return {
    name: path,
    type,
    ...(target !== undefined && { linkname: target }),
    ...(mode !== undefined && { mode }),
    ...(mtime !== undefined && { mtime }),
    ...(content !== undefined && { content }),
  };
}

/** A small source tree with the things that patterns, links and destination rules are about. */
const tree: readonly FolderEntry[] = [
  { path: 'a.txt', content: 'a' },
  { path: 'b.md', content: 'b', mode: 0o600, mtime: 1_100_000_000 },
  { path: '.hidden', content: 'hidden' },
  { path: 'dir', type: 'dir', mode: 0o750, mtime: 1_200_000_000 },
  { path: 'dir/c.txt', content: 'c' },
  { path: 'dir/d.md', content: 'd' },
  { path: 'dir/deep', type: 'dir' },
  { path: 'dir/deep/e.txt', content: 'e' },
  { path: 'dir/deep/f.md', content: 'f' },
  { path: 'dir/empty', type: 'dir' },
  { path: 'dir2', type: 'dir' },
  { path: 'dir2/c.txt', content: 'second c' },
  { path: 'glob', type: 'dir' },
  { path: 'glob/a[1].txt', content: 'brackets' },
  { path: 'glob/a1.txt', content: 'no brackets' },
  { path: 'link-file', type: 'symlink', target: 'a.txt' },
  { path: 'link-dir', type: 'symlink', target: 'dir' },
  { path: 'link-absolute', type: 'symlink', target: '/dir/deep' },
  { path: 'link-chain', type: 'symlink', target: 'link-dir/deep' },
  { path: 'link-out', type: 'symlink', target: '../../../../etc' },
  { path: 'link-dangling', type: 'symlink', target: 'nothing' },
  { path: 'hard-1', content: 'hard' },
  { path: 'hard-2', type: 'hardlink', target: 'hard-1' },
];

/**
 * The same as a folder to import. A daemon keeps what it imported before, and then its directories have times of their
 * own: they are made later than what trees compare.
 */
const folder: readonly FolderEntry[] = tree.map((entry) =>
  entry.type === 'dir' ? { ...entry, mtime: TOO_NEW_TO_COMPARE } : entry,
);

export const ARCHIVES = { archives: archives() };
export const TREE = { tree: folder };

/** The archive of special files, unpacked. */
export function special(): State {
  return unpacked('special.tar');
}

/** The source tree as a layer. */
export function source(): State {
  return unpacked('tree.tar');
}

/** `/d` of a kind. */
export function unpackD(kind: Kind): Step {
  return copy(Local('archives'), `/d-${kind}.tar`, '/', { attemptUnpack: true });
}

/** Four names of one file, or some of the names, each a file of its own. */
export function unpackLinked(names?: readonly LinkedName[]): Step {
  const archive = names ? linkedArchive(names) : 'links.tar';
  return copy(Local('archives'), `/${archive}`, '/', { attemptUnpack: true });
}

function linkedArchive(names: readonly LinkedName[]): string {
  return `links-${names.join('-').replaceAll('/', '.')}.tar`;
}

function unpacked(name: string): State {
  return layer(copy(Local('archives'), `/${name}`, '/', { attemptUnpack: true }));
}

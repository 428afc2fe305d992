/** Trees for tests, listing in words: `{ '/d': 'dir 755', '/d/f': 'file 644 text', '/l': 'link d' }`. */
import fs from 'node:fs';
import { temporaryFolder } from '../../../../../test/support/temporary.ts';
import { readlink } from '../../host/files.ts';
import { getXattr, listXattrs, mknod, setTimes, setXattr } from '../../host/syscalls.ts';
import { bytesOf, fsPath, parentOf } from '../../name/bytes.ts';
import { FolderTree } from '../folder-tree.ts';
import type { Tree } from '../tree.ts';
import { walkBelow } from '../walk.ts';

export { isRoot } from '../../host/testing/this-process.ts';

/**
 * Path → `TYPE MODE[ UID:GID][ REST]`, where REST is the text of a file, the numbers of a device (`1,3`); a link is
 * `link TARGET`, a second name `hard PATH`. Parents that are not listing are made, 755.
 */
export type Listing = Readonly<Record<string, string>>;

/** A new folder with the mode of a root. */
export function newFolder(): string {
  const folder = temporaryFolder();
  fs.chmodSync(folder, 0o755);
  return folder;
}

/** The time all entries of a listing tree have, unless it is now. */
export const LONG_AGO = 1_000_000_000_123_456_789n;

export function folderOf(listing: Listing): string {
  const folder = newFolder();
  for (const [name, words] of Object.entries(listing)) make(folder, folder + name, words);
  const tree = new FolderTree(folder);
  for (const { entry } of [...walkBelow(tree, '/')].reverse()) setTimes(entry.hostPath, LONG_AGO, LONG_AGO);
  return folder;
}

export function treeOf(listing: Listing): Tree {
  return new FolderTree(folderOf(listing));
}

function make(folder: string, hostPath: string, words: string): void {
  fs.mkdirSync(fsPath(parentOf(hostPath)), { recursive: true, mode: 0o755 });
  const [type, ...rest] = words.split(' ');
  if (type === 'link') fs.symlinkSync(fsPath(rest.join(' ')), fsPath(hostPath));
  else if (type === 'hard') fs.linkSync(fsPath(folder + rest.join(' ')), fsPath(hostPath));
  else makeNode(hostPath, type, rest);
}

function makeNode(hostPath: string, type: string | undefined, rest: string[]): void {
  const mode = Number.parseInt(rest.shift() ?? '', 8);
  const owner = /^\d+:\d+$/.test(rest[0] ?? '') ? rest.shift()!.split(':').map(Number) : undefined;
  const text = rest.join(' ');
  if (type === 'dir') {
    fs.mkdirSync(fsPath(hostPath), { recursive: true });
  } else if (type === 'file') {
    fs.writeFileSync(fsPath(hostPath), bytesOf(text), 'latin1');
  } else {
    const [major, minor] = text.split(',').map(Number);
    mknod(hostPath, type as 'fifo' | 'char' | 'block' | 'socket', mode, major, minor);
  }
  if (owner) fs.chownSync(fsPath(hostPath), owner[0]!, owner[1]!);
  fs.chmodSync(fsPath(hostPath), mode);
}

/** Sets an xattr in a listing folder. */
export function mark(folder: string, name: string, xattr: string, value: string): void {
  setXattr(folder + name, xattr, Buffer.from(value));
}

/** A tree in the same words, hard links listing once they appear again, owners only where they are not root's. */
export function listingOf(tree: Tree): Record<string, string> {
  const listing: Record<string, string> = {};
  const names = new Map<string, string>();
  for (const { path: name, entry } of walkBelow(tree, '/')) {
    const { stat, hostPath, source } = entry;
    const inode = `${source} ${stat.dev}:${stat.ino}`;
    const first = stat.type === 'dir' || stat.nlink === 1 ? undefined : names.get(inode);
    names.set(inode, name);
    if (first !== undefined) {
      listing[name] = `hard ${first}`;
    } else if (stat.type === 'symlink') {
      listing[name] =
        `link ${readlink(hostPath)}${stat.uid + stat.gid > 0 ? ` ${stat.uid}:${stat.gid}` : ''}`;
    } else {
      const owner = stat.uid + stat.gid > 0 ? ` ${stat.uid}:${stat.gid}` : '';
      const device = stat.type === 'char' || stat.type === 'block' ? ` ${stat.major},${stat.minor}` : '';
      const text = stat.type === 'file' ? fs.readFileSync(fsPath(hostPath), 'latin1') : '';
      listing[name] = `${stat.type} ${stat.mode.toString(8)}${owner}${device}${text && ` ${text}`}`;
    }
  }
  return listing;
}

/** Names and values of the xattrs that a test may have set. */
export function xattrsAt(tree: Tree, name: string): Record<string, string> {
  const { hostPath } = tree.lookup(name)!;
  const names = listXattrs(hostPath).filter((xattr) => !xattr.startsWith('security.selinux'));
  return Object.fromEntries(names.map((xattr) => [xattr, getXattr(hostPath, xattr)!.toString('latin1')]));
}

/** Whole mtime of an entry, `now` if it is of this test's making. */
export function timeAt(tree: Tree, name: string): bigint | 'now' {
  const { mtimeNs } = tree.lookup(name)!.stat;
  const age = BigInt(Date.now()) * 1_000_000n - mtimeNs;
  return age < 60_000_000_000n && age > -60_000_000_000n ? 'now' : mtimeNs;
}

import { createHash } from 'node:crypto';
import type { IndexRow } from './local-index.ts';
import type { ScannedEntry } from './scan.ts';

/** An entry of a folder with all that is known of it. */
export interface KnownEntry {
  readonly entry: ScannedEntry;
  readonly row: IndexRow;
}

/**
 * The digest of what was brought: names, metadata with times, link structure and content. Owners are not in it, as all
 * entries come as root's; neither is the folder they came from. Equal trees, equal digests.
 */
export function treeDigest(entries: Iterable<KnownEntry>): string {
  const hash = createHash('sha256');
  for (const { entry, row } of entries) {
    const { path, linkTo = '', stat } = entry;
    const { type, mode, mtimeNs, major, minor } = stat;
    const size = type === 'file' || type === 'symlink' ? stat.size : 0;
    // A NUL can be in none of the fields.
    hash.update(
      `${path}\0${type}\0${mode}\0${size}\0${mtimeNs}\0${major}:${minor}\0${linkTo}\0${row.content}\0${row.target}\0`,
      'latin1',
    );
    for (const [name, value] of row.xattrs) hash.update(`${name}\0${value}\0`, 'latin1');
    hash.update('\n');
  }
  return hash.digest('hex');
}

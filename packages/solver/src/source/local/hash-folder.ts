import fs from 'node:fs';
import type { Pacer } from '../../host/pacer.ts';
import { describeEntry, isRacy } from './describe.ts';
import { type IndexRow, isUnchanged } from './local-index.ts';
import { openContent, readLarge } from './read-content.ts';
import type { ScannedEntry } from './scan.ts';
import type { ScannedFolder } from './transferred.ts';
import type { KnownEntry } from './tree-digest.ts';

/**
 * Finds out what a folder holds, reading only what changed since an earlier look, and bringing nothing: a file that was
 * touched or written again may be what it was.
 */
export async function hashFolder(
  folder: ScannedFolder,
  rows: ReadonlyMap<string, IndexRow>,
): Promise<KnownEntry[]> {
  const known: KnownEntry[] = [];
  for (const entry of folder.entries) {
    await folder.pacer.pause();
    const old = rows.get(entry.path);
    const row = old && isUnchanged(entry, old) ? old : await readRow(entry, folder);
    if (row) known.push({ entry, row });
  }
  return known;
}

async function readRow(
  entry: ScannedEntry,
  { scannedNs, pacer }: ScannedFolder,
): Promise<IndexRow | undefined> {
  const description = describeEntry(entry);
  const content = await contentDigest(entry, pacer);
  if (!description || content === undefined) return undefined;
  return { signature: entry.signature, content, ...description, racy: isRacy(entry, scannedNs) };
}

async function contentDigest(entry: ScannedEntry, pacer: Pacer): Promise<string | undefined> {
  const { type } = entry.stat;
  if ((type !== 'file' && type !== 'socket') || entry.linkTo !== undefined) return '';
  const content = openContent(entry);
  if (content?.kind !== 'large') return content?.digest;
  try {
    return await readLarge(content.fd, pacer, () => {});
  } finally {
    fs.closeSync(content.fd);
  }
}

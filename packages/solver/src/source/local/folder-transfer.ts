import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { StoredDigests } from '../../cache/digest-memo.ts';
import { plainFileDigest } from '../../cache/entry-digest.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { Workbench } from '../../operation/operation.ts';
import { nameOf, parentOf } from '../../tree/bytes.ts';
import { TransferProgress } from '../transfer-progress.ts';
import { includeFollowed } from './follow-paths.ts';
import { hashFolder } from './hash-folder.ts';
import { importFolder } from './import-folder.ts';
import type { LocalWish } from './local-attributes.ts';
import { isUnchanged, type LocalIndex, readIndex, writeIndex } from './local-index.ts';
import { bringMetadata } from './metadata-transfer.ts';
import { PathFilter } from './path-filter.ts';
import { type ScannedEntry, scanFolder } from './scan.ts';
import { type ScannedFolder, type Transferred, transferredOf } from './transferred.ts';
import { type KnownEntry, treeDigest } from './tree-digest.ts';

export interface TransferOptions {
  readonly stateDir: string;
  readonly layers: LayerStore;
  readonly digests: StoredDigests;
  readonly work: Workbench;
}

/**
 * Brings a folder into the store, as little of it as need be.
 * @param root absolute, without links, a byte string
 */
export async function transferFolder(
  root: string,
  wish: LocalWish,
  { stateDir, layers, digests, work }: TransferOptions,
): Promise<Transferred> {
  const progress = new TransferProgress(
    { id: `transferring ${wish.name}:`, name: 'transferring', total: 0 },
    work,
  );
  const scannedNs = BigInt(Date.now()) * 1_000_000n;
  const include = includeFollowed(root, wish.includePatterns, wish.followPaths);
  const entries = await scanFolder(root, new PathFilter(include, wish.excludePatterns), work.pause);
  const folder = {
    entries,
    scannedNs,
    layers,
    digests,
    pause: work.pause,
    onBytes: (n: number) => progress.advance(n),
  };
  const found = wish.metadataOnly
    ? await bringMetadata(folder, wish.metadataOnly.exceptions)
    : await bringIndexed(folder, indexFile(stateDir, root, wish), wish.differ === 'metadata');
  progress.done();
  return found;
}

/** @param trustIndex whether what the index says of entries with equal metadata may be believed */
async function bringIndexed(folder: ScannedFolder, file: string, trustIndex: boolean): Promise<Transferred> {
  const { entries, layers, scannedNs, pause } = folder;
  const index = trustIndex ? readIndex(file) : undefined;
  if (!index || !layers.has(index.layer)) return importInto(folder, file, undefined);
  const changed = countChanged(entries, index);
  if (changed === 0) return index;
  // Reading what changed before it is known whether it must be brought pays where that is little.
  if (changed <= entries.length / 4) {
    const known = await hashFolder(entries, index.rows, scannedNs, pause);
    const found = transferredOf(treeDigest(known));
    if (layers.has(found.layer)) return keepIndex(file, found, known);
  }
  return importInto(folder, file, index);
}

async function importInto(
  { entries, scannedNs, layers, digests, pause, onBytes }: ScannedFolder,
  file: string,
  index: LocalIndex | undefined,
): Promise<Transferred> {
  const draft = layers.edit(undefined, { uid: 0, gid: 0 });
  try {
    if (index) layers.record(index.layer);
    const earlier = index && {
      rows: index.rows,
      layer: index.layer,
      folder: layers.path(index.layer, 'own'),
    };
    const known = await importFolder(entries, { draft, scannedNs, earlier, pause, onBytes });
    const found = transferredOf(treeDigest(known));
    if (layers.has(found.layer)) layers.discard(draft);
    else await layers.commit(draft, found.layer);
    rememberDigests(known, found.layer, layers, digests);
    return keepIndex(file, found, known);
  } catch (error) {
    layers.discard(draft);
    throw error;
  }
}

/** What was read to bring the files need not be read again to tell what they hold. */
function rememberDigests(
  known: readonly KnownEntry[],
  layer: string,
  layers: LayerStore,
  digests: StoredDigests,
): void {
  const folder = layers.path(layer, 'own');
  for (const { entry, row } of known) {
    const hostPath = `${folder}/${entry.path}`;
    const isPlain = entry.stat.type === 'file' && row.xattrs.length === 0;
    const stat = isPlain ? layers.stats.lstat(parentOf(hostPath), nameOf(hostPath)) : undefined;
    const stored = stat && { stat, hostPath, source: layer, layer };
    if (stored && digests.get(stored) === undefined) digests.set(stored, plainFileDigest(stat, row.content));
  }
  digests.flush();
}

/** Entries that are new or may have changed, and rows of entries that are gone. */
function countChanged(entries: readonly ScannedEntry[], { rows }: LocalIndex): number {
  let unchanged = 0;
  for (const entry of entries) {
    const row = rows.get(entry.path);
    if (row && isUnchanged(entry, row)) unchanged++;
  }
  return entries.length - unchanged + Math.max(0, rows.size - entries.length);
}

function keepIndex(file: string, found: Transferred, known: readonly KnownEntry[]): Transferred {
  const rows = new Map(known.map(({ entry, row }) => [entry.path, row]));
  writeIndex(file, { ...found, rows });
  return found;
}

/** One index per folder and filter. */
function indexFile(stateDir: string, root: string, wish: LocalWish): string {
  const { includePatterns, excludePatterns, followPaths } = wish;
  const filter = JSON.stringify([root, includePatterns, excludePatterns, followPaths]);
  const folder = `${stateDir}/local`;
  fs.mkdirSync(folder, { recursive: true });
  return `${folder}/${createHash('sha256').update(filter).digest('hex').slice(0, 40)}.json`;
}

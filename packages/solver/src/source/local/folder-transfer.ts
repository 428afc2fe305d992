import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { StoredDigests } from '../../cache/digest-memo.ts';
import { plainFileDigest } from '../../cache/entry-digest.ts';
import { ChainTree } from '../../chain/chain-tree.ts';
import type { Draft } from '../../layer/draft.ts';
import type { LayerStore } from '../../layer/layer-store.ts';
import type { Records } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { FolderTree } from '../../tree/folder-tree.ts';
import type { Workbench } from '../../work/operation.ts';
import { TransferProgress } from '../contract/transfer-progress.ts';
import { includeFollowed } from './follow-paths.ts';
import { hashFolder } from './hash-folder.ts';
import { importFolder } from './import-folder.ts';
import type { LocalAttributes } from './local-attributes.ts';
import { isUnchanged, type LocalIndex, readIndex, writeIndex } from './local-index.ts';
import { bringMetadata } from './metadata-transfer.ts';
import { PathFilter } from './path-filter.ts';
import { replicate } from './replicate.ts';
import { type ScannedEntry, scanFolder } from './scan.ts';
import { type ScannedFolder, type Transferred, transferredOf } from './transferred.ts';
import { type KnownEntry, treeDigest } from './tree-digest.ts';

export interface TransferOptions {
  readonly store: Store;
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
  attributes: LocalAttributes,
  { store, layers, digests, work }: TransferOptions,
): Promise<Transferred> {
  const progress = new TransferProgress(
    { id: `transferring ${attributes.name}:`, name: 'transferring', total: 0 },
    work,
  );
  const scannedNs = BigInt(Date.now()) * 1_000_000n;
  const include = includeFollowed(root, attributes.includePatterns, attributes.followPaths);
  const entries = await scanFolder(root, new PathFilter(include, attributes.excludePatterns), work);
  const folder = {
    entries,
    scannedNs,
    records: store.records,
    layers,
    digests,
    pacer: work,
    onBytes: (n: number) => progress.advance(n),
  };
  const found = attributes.metadataOnly
    ? await bringMetadata(folder, attributes.metadataOnly.exceptions)
    : await bringIndexed(folder, indexFile(store.root, root, attributes), attributes.differ === 'metadata');
  progress.done();
  return found;
}

/** @param trustIndex whether what the index says of entries with equal metadata may be believed */
async function bringIndexed(folder: ScannedFolder, file: string, trustIndex: boolean): Promise<Transferred> {
  const { entries, records, layers } = folder;
  const index = trustIndex ? readIndex(records, file) : undefined;
  if (!index || !layers.has(index.layer)) return importInto(folder, file, undefined);
  const changed = countChanged(entries, index);
  if (changed === 0) return index;
  if (changed > entries.length / 4) return importInto(folder, file, index);
  const replica = entries.length < REPLICA_PAYS ? undefined : beginReplica(folder, index.layer);
  try {
    // Reading what changed before it is known whether it must be brought pays where that is little.
    const known = await hashFolder(folder, index.rows);
    const found = transferredOf(treeDigest(known));
    if (layers.has(found.layer)) return keepIndex(records, file, found, known);
    return await importInto(folder, file, index, await replica?.take());
  } finally {
    await replica?.drop();
  }
}

/** Entries from which on it takes less time to start a program that links them. */
const REPLICA_PAYS = 2_000;

/** A draft that becomes what a layer is, while something else is done. */
function beginReplica({ layers, pacer }: ScannedFolder, layer: string) {
  const draft = layers.edit(undefined, { uid: 0, gid: 0 }, pacer);
  const { done, stop } = replicate(layers.path(layer, 'own'), draft.upper);
  let isTaken = false;
  return {
    /** The draft, now the caller's; undefined where it could not be made. */
    async take(): Promise<Draft | undefined> {
      isTaken = await done;
      return isTaken ? draft : undefined;
    },
    async drop(): Promise<void> {
      if (isTaken) return;
      stop();
      await done;
      layers.discard(draft);
    },
  };
}

/** @param replica a draft that has all that the index's layer has */
async function importInto(
  { entries, scannedNs, records, layers, digests, pacer, onBytes }: ScannedFolder,
  file: string,
  index: LocalIndex | undefined,
  replica?: Draft,
): Promise<Transferred> {
  const draft = replica ?? layers.edit(undefined, { uid: 0, gid: 0 }, pacer);
  try {
    const earlier = index && {
      rows: index.rows,
      layer: index.layer,
      tree: new FolderTree(layers.path(index.layer, 'own'), { isFixed: true }),
    };
    const isReplica = replica !== undefined;
    const known = await importFolder(entries, { draft, scannedNs, earlier, isReplica, onBytes });
    const found = transferredOf(treeDigest(known));
    if (layers.has(found.layer)) layers.discard(draft);
    else await layers.commit(draft, found.layer);
    if (index && isReplica) digests.inherit(found.layer, index.layer);
    const isKept = ({ entry, row }: KnownEntry) => isReplica && index?.rows.get(entry.path) === row;
    rememberDigests(
      known.filter((one) => !isKept(one)),
      found.layer,
      layers,
      digests,
    );
    return keepIndex(records, file, found, known);
  } catch (error) {
    layers.discard(draft);
    throw error;
  }
}

/** Keeps the digests of files that were read for the transfer, so that they are not read again. */
function rememberDigests(
  known: readonly KnownEntry[],
  layer: string,
  layers: LayerStore,
  digests: StoredDigests,
): void {
  const tree = new ChainTree([{ id: layer, path: layers.path(layer, 'own') }], layers.stats);
  for (const { entry, row } of known) {
    const isPlain = entry.stat.type === 'file' && row.xattrs.length === 0;
    const stored = isPlain ? tree.lookup(`/${entry.path}`) : undefined;
    if (stored && digests.get(stored) === undefined) {
      digests.set(stored, plainFileDigest(stored.stat, row.content));
    }
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

function keepIndex(
  records: Records,
  file: string,
  found: Transferred,
  known: readonly KnownEntry[],
): Transferred {
  const rows = new Map(known.map(({ entry, row }) => [entry.path, row]));
  writeIndex(records, file, { ...found, rows });
  return found;
}

/** Changes when patterns come to mean something else. */
const FILTERS = 2;

/** One index per folder and filter. */
function indexFile(stateDir: string, root: string, attributes: LocalAttributes): string {
  const { includePatterns, excludePatterns, followPaths } = attributes;
  const filter = JSON.stringify([FILTERS, root, includePatterns, excludePatterns, followPaths]);
  const folder = `${stateDir}/local`;
  fs.mkdirSync(folder, { recursive: true });
  return `${folder}/${createHash('sha256').update(filter).digest('hex').slice(0, 40)}.json`;
}

import { createHash } from 'node:crypto';
import { stepFailure } from '../../error/error.ts';
import { parentOf, textOf } from '../../name/bytes.ts';
import { PatternMatcher } from '../../pattern/ignore-patterns.ts';
import { describeEntry } from './describe.ts';
import { encodeMetadata, METADATA_FILE } from './fsutil-metadata.ts';
import { importFolder } from './import-folder.ts';
import type { ScannedEntry } from './scan.ts';
import { type ScannedFolder, type Transferred, transferredOf } from './transferred.ts';
import { type KnownEntry, treeDigest } from './tree-digest.ts';

/**
 * Brings names and metadata of a folder as one file, and the content of what matches `exceptions` only (fsutil
 * `receive.go`). A file of that name in the folder itself is not brought.
 */
export async function bringMetadata(
  folder: ScannedFolder,
  exceptions: readonly string[],
): Promise<Transferred> {
  const { scannedNs, layers, pacer, onBytes } = folder;
  const entries = folder.entries.filter(({ path }) => path !== METADATA_FILE);
  const metadata = encodeMetadata(describeAll(entries));
  const draft = layers.edit(undefined, { uid: 0, gid: 0 }, pacer);
  try {
    const kept = withParents(entries, exceptions);
    const known = await importFolder(kept, {
      draft,
      scannedNs,
      earlier: undefined,
      isReplica: false,
      onBytes,
    });
    draft.writeFile(`/${METADATA_FILE}`, metadata, 0o644);
    const digest = createHash('sha256').update(treeDigest(known)).update(metadata).digest('hex');
    const found = transferredOf(digest);
    if (layers.has(found.layer)) layers.discard(draft);
    else await layers.commit(draft, found.layer);
    return found;
  } catch (error) {
    layers.discard(draft);
    throw error;
  }
}

function* describeAll(entries: readonly ScannedEntry[]): Generator<KnownEntry> {
  for (const entry of entries) {
    const description = describeEntry(entry);
    if (!description) continue;
    yield { entry, row: { ...description, signature: entry.signature, content: '', racy: false } };
  }
}

/**
 * The entries whose content is wanted, with the directories they are in. Fails where a further name of a file is wanted
 * without the first.
 */
function withParents(entries: readonly ScannedEntry[], exceptions: readonly string[]): ScannedEntry[] {
  const matcher = new PatternMatcher(exceptions);
  const wanted = new Set<string>();
  for (const { path } of entries) {
    if (!matcher.match(path).matched) continue;
    for (let at = `/${path}`; at !== '/' && !wanted.has(at); at = parentOf(at)) wanted.add(at);
  }
  const kept = entries.filter(({ path }) => wanted.has(`/${path}`));
  for (const { path, linkTo } of kept) {
    if (linkTo === undefined || wanted.has(`/${linkTo}`)) continue;
    throw stepFailure(`failed to link ${textOf(path)} to ${textOf(linkTo)}: no such file or directory`, {
      hint: `they are one file, of which only the first name has content: except ${textOf(linkTo)} too`,
    });
  }
  return kept;
}

/** The entries that exporters of trees write, in order: one tree, or a folder of a tree for each platform. */
import { readlink } from '../../host/files.ts';
import { bytesOf, clean } from '../../name/bytes.ts';
import type { Entry } from '../../name/entry.ts';
import type { Tree } from '../../tree/tree.ts';
import { exportFailure } from '../base/failure.ts';
import { type ExportResult, platformIdOf } from '../base/result.ts';
import { sourceDirectory } from './subtree.ts';
import type { TreeOptions } from './tree-options.ts';
import { LinkNames, walk } from './walk.ts';

/** Paths are byte strings relative to the output, without leading slash. */
export type Outgoing =
  /** The folder of a platform: 0755 and root's. */
  { readonly kind: 'folder'; readonly path: string; readonly mtimeNs: bigint } | OutgoingEntry;

export interface OutgoingEntry {
  readonly kind: 'entry';
  readonly path: string;
  readonly entry: Entry;
  /** Of a symbolic link what it names, of another name of a file its first path in the output; else undefined. */
  readonly linkname: string | undefined;
  readonly mtimeNs: bigint;
}

/**
 * Everything of a result, a directory before its content. Fails with code `export` and BuildKit's text where two platforms
 * have a file of one name and no folders of their own.
 *
 * @param split whether each platform has a folder of its own
 */
export function* outgoing(
  result: ExportResult<Tree>,
  options: TreeOptions,
  split: boolean,
): Generator<Outgoing> {
  const trees = treesOf(result);
  if (!split) {
    const owners = new Map<string, string>();
    for (const { id, tree } of trees) {
      for (const one of outgoingOf(tree, '', options)) {
        if (trees.length > 1) claim(owners, one, id);
        yield one;
      }
    }
    return;
  }
  const folders = trees.map(({ id, tree }) => ({ tree, folder: platformFolder(id) }));
  for (const { tree, folder } of folders.sort((a, b) => (a.folder < b.folder ? -1 : 1))) {
    yield { kind: 'folder', path: folder, mtimeNs: options.epochNs ?? 0n };
    yield* outgoingOf(tree, folder, options);
  }
}

function treesOf(result: ExportResult<Tree>): readonly { readonly id: string; readonly tree: Tree }[] {
  if (result.kind === 'single') return [{ id: platformIdOf(result), tree: result.content }];
  return result.parts.map(({ id, content }) => ({ id, tree: content }));
}

function claim(owners: Map<string, string>, { path, entry }: OutgoingEntry, id: string): void {
  if (entry.stat.type === 'dir') return;
  const other = owners.get(path);
  if (other !== undefined) {
    throw exportFailure(`cannot overwrite ${path} from ${other} with ${id} when split option is disabled`);
  }
  owners.set(path, id);
}

/** The name of a platform's folder (`exporter/local/platform.go`). */
function platformFolder(id: string): string {
  const name = bytesOf(id.replace(/[/\\:]/g, '_'));
  return name === '.' || name === '..' ? '_'.repeat(name.length) : name;
}

/** @param folder byte string; empty: the output itself */
function* outgoingOf(tree: Tree, folder: string, { source, epochNs }: TreeOptions): Generator<OutgoingEntry> {
  const root = source === undefined ? '/' : sourceDirectory(tree, source);
  const links = new LinkNames();
  const prefix = folder === '' ? '' : `${folder}/`;
  for (const { path, entry } of walk(tree, root)) {
    const { type, mtimeNs } = entry.stat;
    const first = type === 'symlink' ? undefined : links.linkTo(path, entry);
    yield {
      kind: 'entry',
      path: prefix + path,
      entry,
      linkname: type === 'symlink' ? targetIn(folder, readlink(entry.hostPath)) : first && prefix + first,
      mtimeNs: epochNs ?? mtimeNs,
    };
  }
}

/** A link to an absolute path stays inside the folder of its platform (fsutil `SubDirFS`). */
function targetIn(folder: string, target: string): string {
  return folder !== '' && target.startsWith('/') ? clean(`${folder}/${target}`) : target;
}

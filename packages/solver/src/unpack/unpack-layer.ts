import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { ByteStream } from '../archive/byte-source.ts';
import { decompress } from '../archive/decompress.ts';
import { paced } from '../archive/paced.ts';
import type { ChainTree } from '../chain/chain-tree.ts';
import { keepingTimes } from '../host/files.ts';
import type { Draft } from '../layer/draft.ts';
import { fsPath, parentOf } from '../name/bytes.ts';
import { FolderTree } from '../tree/folder-tree.ts';
import { type Unpacked, unpackLayer } from './unpack.ts';
import type { UnpackLimit } from './unpack-writer.ts';

export interface LayerBlob {
  /** The blob as it was downloaded. */
  readonly stream: ByteStream;
  /** `plain`: the blob is a tar. `detect`: the first bytes of the blob show how the tar is compressed. */
  readonly packing: 'plain' | 'detect';
  /** Default: none. */
  readonly limit?: UnpackLimit;
}

/**
 * Fills a new draft with an image layer.
 *
 * @param base what the draft stands on; undefined for the lowest layer
 * @returns the digest of the plain tar, which the caller compares with the image's config before it commits
 */
export async function unpackInto(
  draft: Draft,
  base: ChainTree | undefined,
  blob: LayerBlob,
): Promise<string> {
  const hash = createHash('sha256');
  const plain = blob.packing === 'plain' ? blob.stream : (await decompress(blob.stream)).stream;
  const unpacked = await unpackLayer(hashed(paced(plain, draft.pacer), hash), {
    upper: draft.upper,
    lowers: base?.partsOf('/')?.map(({ path }) => new FolderTree(path, { isFixed: true })),
    limit: blob.limit,
  });
  describe(draft, base, unpacked);
  return `sha256:${hash.digest('hex')}`;
}

async function* hashed(stream: ByteStream, hash: ReturnType<typeof createHash>): ByteStream {
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Tells the draft what the commit has to know: what hides the base, and what of it may turn out unchanged. */
function describe(
  draft: Draft,
  base: ChainTree | undefined,
  { model, opaque, bytes, links }: Unpacked,
): void {
  draft.notes.addBytes(bytes);
  for (const stat of links) draft.notes.addLink(stat);
  // Paths that are directories of the base too; the model lists a directory before the entries in it.
  const inBase = new Set(base ? ['/'] : []);
  for (const [path, { kind }] of model) {
    if (path === '/') continue;
    const before = inBase.has(parentOf(path)) ? base?.lookup(path) : undefined;
    if (kind === 'whiteout') {
      if (before) draft.notes.addWhiteoutHolder(parentOf(path));
      else dropWhiteout(draft.upper, path);
      continue;
    }
    if (!before) continue;
    draft.notes.addOverlap(path);
    if (before.stat.type !== 'dir') continue;
    inBase.add(path);
    if (opaque.has(path)) draft.notes.addOpaque(path);
  }
}

/** A whiteout of what is not there says nothing. */
function dropWhiteout(upper: string, path: string): void {
  const parent = parentOf(path);
  keepingTimes(parent === '/' ? upper : upper + parent, () => fs.unlinkSync(fsPath(upper + path)));
}

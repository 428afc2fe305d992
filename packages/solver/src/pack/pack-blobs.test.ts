import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { BlobStore } from '../blob/blob-store.ts';
import { LayerBlobs } from '../blob/layer-blobs.ts';
import type { LayerRef } from '../chain/ref.ts';
import { NO_PROVIDER, Views } from '../chain/views.ts';
import { UNSTOPPED } from '../host/testing/this-process.ts';
import type { LayerStore } from '../layer/layer-store.ts';
import { layer, temporaryStore } from '../layer/testing/layers.ts';
import type { Store } from '../store/store.ts';
import { LayerPacks, type PackRequest, type PackWork } from './pack-blobs.ts';
import { PackVariants } from './pack-variants.ts';

const gzip: PackRequest = { compression: 'gzip', force: false };
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

let store: LayerStore;
let at: Store;
let root: string;
let blobs: BlobStore;
let layerBlobs: LayerBlobs;
let work: PackWork;

beforeEach(async () => {
  ({ store, at, root } = temporaryStore());
  blobs = new BlobStore(root, () => store.stage());
  layerBlobs = new LayerBlobs(at);
  const views = new Views(store, NO_PROVIDER);
  work = { views, pacer: UNSTOPPED, fetchBlob: async () => false };
  await layer(store, 'one', [], (draft) => {
    draft.writeFile('/f', Buffer.from('content'), 0o644);
    draft.setTimes('/f', 0n, 2_000_000_000_000_000_000n);
  });
});

const ref: LayerRef = { kind: 'layer', id: 'ref-one', layer: 'one', description: 'mkfile /f', createdAt: 0 };
const packs = () => new LayerPacks({ layers: store, blobs, layerBlobs, variants: new PackVariants(at) });

function plain(digest: string): Buffer {
  const bytes = blobs.read(digest)!;
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
}

describe('LayerPacks', () => {
  it('packs a layer once, and tells what it is', async () => {
    const packed = await packs().blobOf(ref, gzip, work);
    expect(packed).toMatchObject({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' });
    expect(packed.diffId).toBe(sha256(plain(packed.digest)));
    expect(packed.size).toBe(blobs.size(packed.digest));
    fs.rmSync(store.path('one', 'own'), { recursive: true });
    expect(await packs().blobOf(ref, gzip, work)).toMatchObject({ digest: packed.digest });
  });

  it('keeps the first blob, whatever is asked for later, unless that is forced', async () => {
    const first = await packs().blobOf(ref, gzip, work);
    const request = { compression: 'uncompressed', force: false } as const;
    expect(await packs().blobOf(ref, request, work)).toMatchObject({ digest: first.digest });
    const forced = await packs().blobOf(ref, { ...request, force: true }, work);
    expect(forced).toMatchObject({ digest: first.diffId, diffId: first.diffId });
    expect(forced.mediaType).toBe('application/vnd.oci.image.layer.v1.tar');
  });

  it('packs with earlier times beside the blob itself', async () => {
    const early = await packs().blobOf(ref, { ...gzip, epoch: 1_000_000_000n }, work);
    const own = await packs().blobOf(ref, gzip, work);
    const again = await packs().blobOf(ref, { ...gzip, epoch: 1_000_000_000n }, work);
    expect(own.diffId).not.toBe(early.diffId);
    expect(again).toEqual(early);
    expect(plain(early.digest).includes('07346545000')).toBe(true);
    expect(plain(own.digest).includes('07346545000')).toBe(false);
  });

  it('makes the same of a packed blob as of the layer itself', async () => {
    const direct = await packs().blobOf(ref, { ...gzip, epoch: 1n }, work);
    fs.rmSync(`${root}/blobs/variants/ref-one.json`);
    await packs().blobOf(ref, gzip, work);
    expect(await packs().blobOf(ref, { ...gzip, epoch: 1n }, work)).toMatchObject({ digest: direct.digest });
  });

  it('makes a form again whose blob is gone', async () => {
    const request = { ...gzip, epoch: 5n };
    const made = await packs().blobOf(ref, request, work);
    fs.rmSync(blobs.path(made.digest));
    expect(await packs().blobOf(ref, request, work)).toEqual(made);
    expect(blobs.size(made.digest)).toBe(made.size);
  });

  it('hands on the very blob that a layer was pulled as, and fetches it only when its bytes are needed', async () => {
    const bytes = gzipSync(Buffer.alloc(1024), { level: 1 });
    const pulled = {
      digest: sha256(bytes),
      size: bytes.length,
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      diffId: sha256(Buffer.alloc(1024)),
    };
    layerBlobs.put('ref-pulled', pulled);
    const piece: LayerRef = { ...ref, id: 'ref-pulled', layer: 'not-unpacked' };
    const fetched: string[] = [];
    const pulling: PackWork = {
      ...work,
      fetchBlob: async (id) => {
        fetched.push(id);
        blobs.put(bytes);
        return true;
      },
    };
    const packed = await packs().blobOf(piece, { compression: 'zstd', force: false }, pulling);
    expect(packed).toMatchObject(pulled);
    expect(fetched).toEqual([]);
    await packs().ensure(piece, packed, pulling);
    expect(fetched).toEqual(['ref-pulled']);
    expect(blobs.read(packed.digest)?.equals(bytes)).toBe(true);
  });

  it('packs a layer again whose blob is gone', async () => {
    const packed = await packs().blobOf(ref, gzip, work);
    fs.rmSync(blobs.path(packed.digest));
    await packs().ensure(ref, packed, work);
    expect(blobs.size(packed.digest)).toBe(packed.size);
  });

  it('lets one of several do the work, and another one when that is stopped', async () => {
    const shared = packs();
    const stopped: PackWork = { ...work, views: stoppedViews() };
    const results = await Promise.allSettled([
      shared.blobOf(ref, gzip, stopped),
      shared.blobOf(ref, gzip, work),
      shared.blobOf(ref, gzip, work),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(fs.readdirSync(`${root}/blobs/sha256`)).toHaveLength(1);
  });
});

function stoppedViews(): Views {
  const views = new Views(store, NO_PROVIDER);
  views.preparePiece = () => Promise.reject(new Error('stopped'));
  return views;
}

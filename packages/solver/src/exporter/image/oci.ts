/** Images as archives and layouts (`exporter/oci`, containerd `core/images/archive`). */
import { type NewTarHeader, TAR_TYPE } from '../../archive/tar-writer-header.ts';
import { TarWriter } from '../../archive/tar-writer-stream.ts';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { Ref } from '../../chain/ref.ts';
import type { Descriptor } from '../../registry/descriptor.ts';
import type { ExportWork } from '../base/export-work.ts';
import { goJson } from '../base/go-json.ts';
import { epochText, timeText } from '../base/go-time.ts';
import { writeOutput } from '../base/output-file.ts';
import { Progress } from '../base/progress.ts';
import type { ExportResult } from '../base/result.ts';
import { type CommittedImage, descriptorJson, type ImageServices } from './image-commit.ts';
import { blobsOf, commitResult, type ResultBlob } from './image-index.ts';
import { familiarName, fullName, type ImageName, parseImageName, tagged } from './image-name.ts';
import type { ImageOptions, ImagePlan } from './image-options.ts';
import { type NamedResult, writeLayout } from './oci-layout.ts';
import { blobName, indexJson } from './oci-names.ts';

/** Exports an image, or an index of images, as one archive or as a layout in a folder; answers under BuildKit's keys. */
export async function exportArchive(
  result: ExportResult<Ref | undefined>,
  plan: ImagePlan,
  services: ImageServices,
  work: ExportWork,
): Promise<Readonly<Record<string, string>>> {
  const { options } = plan;
  const committed = await commitResult(result, options, services, work);
  const { root, images, isIndex } = committed;
  const names = namesOf(options);
  const named = { result: committed, descriptor: dated(root.descriptor, options), names };
  for (const { piece, packed } of images.flatMap(({ layers }) => layers)) {
    await services.packs.ensure(piece, packed, services);
  }
  if (options.tar) await writeArchive(plan, named, services.blobs, work);
  else await writeLayout(plan.sink, named, services.blobs, work);
  return {
    'containerimage.digest': root.descriptor.digest,
    ...(!isIndex && { 'containerimage.config.digest': images[0]!.config.descriptor.digest }),
    'containerimage.descriptor': Buffer.from(goJson(descriptorJson(named.descriptor))).toString('base64'),
    ...(names.length > 0 && { 'image.name': names.map(fullName).join(',') }),
  };
}

function namesOf({ name, metadata }: ImageOptions): readonly ImageName[] {
  const text = name === '*' ? (metadata['image.name'] ?? name) : name;
  return text === '' ? [] : text.split(',').map((one) => tagged(parseImageName(one)));
}

/** With the time of the export, unless an annotation says another. */
function dated(descriptor: Descriptor, { epoch }: ImageOptions): Descriptor {
  const created = epoch === undefined ? nowInSeconds() : epochText(epoch);
  return {
    ...descriptor,
    annotations: { 'org.opencontainers.image.created': created, ...descriptor.annotations },
  };
}

function nowInSeconds(): string {
  return timeText(Math.floor(Date.now() / 1_000) * 1_000);
}

interface ArchiveRecord {
  readonly name: string;
  readonly mode: number;
  readonly content?: Buffer;
  /** Digest of a blob in the store, instead of content. */
  readonly blob?: { readonly digest: string; readonly size: number };
}

async function writeArchive(
  { type, sink }: ImagePlan,
  { result, descriptor, names }: NamedResult,
  blobs: BlobStore,
  work: ExportWork,
): Promise<void> {
  const records: readonly ArchiveRecord[] = [
    { name: 'oci-layout', mode: 0o444, content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: 'index.json', mode: 0o644, content: Buffer.from(indexJson(descriptor, names)) },
    { name: 'blobs/', mode: 0o755 },
    { name: 'blobs/sha256/', mode: 0o755 },
    ...blobsOf(result).map(blobRecord),
    ...(type === 'docker'
      ? [
          {
            name: 'manifest.json',
            mode: 0o644,
            content: Buffer.from(dockerManifest(result.images[0]!, names)),
          },
        ]
      : []),
  ];
  const progress = new Progress(work, 'sending tarball');
  await writeOutput(sink, async (output) => {
    const tar = new TarWriter(progress.watch(output));
    for (const record of inOrder(records)) {
      const content = record.blob ? blobs.stream(record.blob.digest) : [record.content ?? Buffer.alloc(0)];
      await tar.entryOf(headerOf(record), content);
    }
    await tar.end();
  });
  progress.done();
}

function blobRecord({ digest, size, bytes }: ResultBlob): ArchiveRecord {
  const name = blobName(digest);
  return bytes ? { name, mode: 0o444, content: bytes } : { name, mode: 0o444, blob: { digest, size } };
}

/** By name, each once. */
function inOrder(records: readonly ArchiveRecord[]): readonly ArchiveRecord[] {
  const byName = new Map(records.map((record) => [record.name, record]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function headerOf({ name, mode, content, blob }: ArchiveRecord): NewTarHeader {
  return {
    type: name.endsWith('/') ? TAR_TYPE.dir : TAR_TYPE.file,
    name,
    size: blob?.size ?? content?.length ?? 0,
    mode,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    format: 'any',
  };
}

/** The document that `docker load` reads. */
function dockerManifest({ config, layers }: CommittedImage, names: readonly ImageName[]): string {
  const repoTags = names.map((name) => familiarName(tagged(name)));
  return goJson([
    {
      Config: blobName(config.descriptor.digest),
      RepoTags: repoTags.length > 0 ? repoTags : null,
      Layers: layers.length > 0 ? layers.map(({ packed }) => blobName(packed.digest)) : null,
    },
  ]);
}

/** The image exporter: makes an image and pushes it (`exporter/containerimage/export.go`, `util/push`). */
import { SolveFailure } from '@llb-ts/backend';
import type { Ref } from '../../chain/ref.ts';
import { type PushedManifest, RegistryPusher } from '../../registry/push.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import type { ExportWork } from '../base/export-work.ts';
import { exportFailure } from '../base/failure.ts';
import { goJson } from '../base/go-json.ts';
import { oneOff } from '../base/progress.ts';
import type { ExportResult } from '../base/result.ts';
import { type CommittedImage, descriptorJson, type ImageLayer, type ImageServices } from './image-commit.ts';
import { blobsOf, type CommittedResult, commitResult } from './image-index.ts';
import { fullName, type ImageName, parseImageName, tagged } from './image-name.ts';
import type { ImageOptions, ImagePlan } from './image-options.ts';
import { isNondistributable } from './media-types.ts';

/** As many as BuildKit lets run per registry. */
const PARALLEL = 4;

/**
 * Makes an image of a result, or an index of the images of its platforms, keeps its documents, and pushes it under every
 * name; answers under BuildKit's keys.
 */
export async function exportImage(
  result: ExportResult<Ref | undefined>,
  { options }: ImagePlan,
  services: ImageServices,
  work: ExportWork,
): Promise<Readonly<Record<string, string>>> {
  const committed = await commitResult(result, options, services, work);
  const { root, images, isIndex } = committed;
  for (const { bytes } of blobsOf(committed)) if (bytes) services.blobs.put(bytes);
  const name = nameOf(root.descriptor.digest, options);
  if (options.push) {
    for (const text of name === '' ? [] : name.split(',')) {
      try {
        const { pushByDigest, insecure } = options;
        await push(committed, { name: parseImageName(text), pushByDigest, insecure }, services, work);
      } catch (error) {
        throw work.signal.aborted ? error : pushFailure(text, error);
      }
    }
  }
  return {
    'containerimage.digest': root.descriptor.digest,
    ...(!isIndex && { 'containerimage.config.digest': images[0]!.config.descriptor.digest }),
    'containerimage.descriptor': Buffer.from(goJson(descriptorJson(root.descriptor))).toString('base64'),
    ...(name !== '' && { 'image.name': name }),
  };
}

function nameOf(digest: string, { name, metadata, dangling }: ImageOptions): string {
  const given = name === '*' ? (metadata['image.name'] ?? name) : name;
  if (!dangling || (dangling.emptyOnly && given !== '')) return given;
  const made = `${dangling.prefix}@${digest}`;
  return given === '' ? made : `${given},${made}`;
}

interface Push extends Pick<ImageOptions, 'pushByDigest' | 'insecure'> {
  readonly name: ImageName;
}

/** The repository that is pushed to. */
interface PushTarget {
  readonly name: ImageName;
  readonly pusher: RegistryPusher;
}

async function push(
  { root, images, isIndex }: CommittedResult,
  { name, pushByDigest, insecure }: Push,
  services: ImageServices,
  work: ExportWork,
): Promise<void> {
  if (pushByDigest && (name.tag ?? name.digest) !== undefined) {
    throw exportFailure(`can't push tagged ref ${fullName(name)} by digest`);
  }
  const { digest } = root.descriptor;
  const registries = insecure ? services.registries.insecureFor(name.domain) : services.registries;
  try {
    const pusher = pusherFor(name, registries);
    await oneOff(work, 'pushing layers', () => pushBlobs(images, { name, pusher }, services, work));
    const { tag } = tagged(name);
    const shown = pushByDigest ? `${name.domain}/${name.path}` : `${fullName(tagged(name))}@${digest}`;
    await oneOff(work, `pushing manifest for ${shown}`, async () => {
      // A registry refuses an index of manifests that it does not have.
      for (const { manifest } of isIndex ? images : []) {
        await pusher.manifest(manifest, manifest.descriptor.digest, work.signal);
      }
      await pusher.manifest(root, pushByDigest || !tag ? digest : tag, work.signal);
    });
  } finally {
    if (registries !== services.registries) await registries.close();
  }
}

function pusherFor({ domain, path }: ImageName, registries: RegistryClient): RegistryPusher {
  const locator = `${domain}/${path}`;
  const reference = { locator, object: '', hostname: domain, repository: path, digest: '', text: locator };
  return new RegistryPusher(registries.repository(reference));
}

async function pushBlobs(
  images: readonly CommittedImage[],
  target: PushTarget,
  services: ImageServices,
  work: ExportWork,
): Promise<void> {
  const once = new Map(
    images.flatMap(({ layers }) => layers).map((layer) => [layer.packed.digest, layer] as const),
  );
  const configs = new Map(images.map(({ config }) => [config.descriptor.digest, config] as const));
  const pending = [...once.values()].filter(({ descriptor }) => !isNondistributable(descriptor.mediaType));
  const worker = async () => {
    for (let layer = pending.shift(); layer; layer = pending.shift()) {
      await pushLayer(layer, target, services, work);
    }
  };
  await Promise.all([
    ...[...configs.values()].map((config) => pushConfig(config, target.pusher, work)),
    ...Array.from({ length: PARALLEL }, worker),
  ]);
}

async function pushConfig(
  { bytes, descriptor }: PushedManifest,
  pusher: RegistryPusher,
  { signal }: ExportWork,
): Promise<void> {
  const open = (offset: number) => oneChunk(bytes.subarray(offset));
  await pusher.blob(descriptor, { open, from: [], signal });
}

async function* oneChunk(bytes: Uint8Array) {
  yield bytes;
}

async function pushLayer(
  { piece, packed, descriptor }: ImageLayer,
  { name: { domain, path }, pusher }: PushTarget,
  services: ImageServices,
  work: ExportWork,
): Promise<void> {
  const { blobs, places, packs } = services;
  const started = Date.now();
  const report = (current: number, completed?: number) =>
    work.report({
      type: 'status',
      id: `pushing layer ${packed.digest}`,
      name: 'pushing',
      current,
      total: packed.size,
      started,
      ...(completed !== undefined && { completed }),
    });
  const from = [...places.all(packed.digest)]
    .filter((place) => place.startsWith(`${domain}/`) && place !== `${domain}/${path}`)
    .map((place) => place.slice(domain.length + 1));
  await pusher.blob(descriptor, {
    from,
    signal: work.signal,
    async *open(offset) {
      // Only now are the bytes needed: of a pulled layer they may still be elsewhere.
      await packs.ensure(piece, packed, services);
      yield* skipping(blobs.stream(packed.digest), offset);
    },
    onProgress: (bytes) => report(bytes),
    onRetry: (reason, delay) =>
      work.report({ type: 'warning', message: `${reason}; pushing again in ${delay / 1_000}s` }),
  });
  report(packed.size, Date.now());
  places.add(packed.digest, `${domain}/${path}`);
}

async function* skipping(stream: AsyncIterable<Uint8Array>, count: number) {
  let skip = count;
  for await (const chunk of stream) {
    if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = Math.max(0, skip - chunk.length);
  }
}

function pushFailure(name: string, error: unknown): unknown {
  if (!(error instanceof SolveFailure)) return error;
  const reason = error.message.replace(/^pull access denied/, 'push access denied');
  const code = error.code === 'step' ? 'export' : error.code;
  return new SolveFailure(code, `failed to push ${name}: ${reason}`, error.details);
}

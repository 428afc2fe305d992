import type { Ref } from '../../chain/ref.ts';
import { type Descriptor, MediaType } from '../../registry/descriptor.ts';
import type { ExportWork } from '../base/export-work.ts';
import { exportFailure } from '../base/failure.ts';
import { goJson } from '../base/go-json.ts';
import { oneOff } from '../base/progress.ts';
import type { ExportResult } from '../base/result.ts';
import { annotatedPlatforms, annotationsFor, annotationsOfIndex } from './annotations.ts';
import {
  type CommittedImage,
  commitImages,
  descriptorJson,
  documentOf,
  type ImageDocument,
  type ImageServices,
} from './image-commit.ts';
import type { ImageOptions } from './image-options.ts';

/** A finished image for one platform, or an index of images. */
export interface CommittedResult {
  /** The document that a name stands for: the manifest of the image, or the index. */
  readonly root: ImageDocument;
  /** In the order of the platforms. */
  readonly images: readonly CommittedImage[];
  readonly isIndex: boolean;
}

/**
 * Makes an image of a result, or an index of the images of its platforms (`ImageWriter.Commit`). Fails with code `export`
 * and BuildKit's texts for annotations of what there is not.
 */
export async function commitResult(
  result: ExportResult<Ref | undefined>,
  options: ImageOptions,
  services: ImageServices,
  work: ExportWork,
): Promise<CommittedResult> {
  checkAnnotations(result, options);
  const images = await commitImages(result, options, services, work);
  if (result.kind === 'single') {
    const image = images[0]!;
    const annotations = annotationsFor(options.annotations.manifestDescriptor, undefined);
    const descriptor = { ...image.manifest.descriptor, ...given(annotations), platform: image.platform };
    return { root: { ...image.manifest, descriptor }, images, isIndex: false };
  }
  const index = indexOf(images, options);
  await oneOff(work, `exporting manifest list ${index.descriptor.digest}`, async () => {});
  return { root: index, images, isIndex: true };
}

/** A blob of a finished result. */
export interface ResultBlob {
  readonly digest: string;
  readonly size: number;
  /** Undefined: it is in the store. */
  readonly bytes?: Buffer;
}

/** Every blob of a result: layers first, then the documents, each before what names it. */
export function blobsOf({ root, images, isIndex }: CommittedResult): readonly ResultBlob[] {
  const document = ({ bytes, descriptor: { digest, size } }: ImageDocument) => ({ digest, size, bytes });
  return [
    ...images.flatMap(({ layers }) => layers.map(({ packed: { digest, size } }) => ({ digest, size }))),
    ...images.flatMap(({ config, manifest }) => [config, manifest].map(document)),
    ...(isIndex ? [document(root)] : []),
  ];
}

function checkAnnotations(result: ExportResult<unknown>, { annotations }: ImageOptions): void {
  if (result.kind === 'single') {
    if (annotations.index.length === 0 && annotations.indexDescriptor.length === 0) return;
    throw exportFailure('index annotations not supported for single platform export');
  }
  // Of a single part BuildKit takes whatever platform is said for it.
  if (result.parts.length === 1) return;
  const known = new Set(result.parts.map(({ id }) => id));
  for (const id of annotatedPlatforms(annotations)) {
    if (!known.has(id)) throw exportFailure(`invalid annotation: no platform ${id} found in source`);
  }
}

function indexOf(
  images: readonly CommittedImage[],
  { annotations, ociTypes }: ImageOptions,
): CommittedResult['root'] {
  const mediaType = ociTypes ? MediaType.ociIndex : MediaType.dockerList;
  const own = annotationsOfIndex(annotations.index);
  const json = goJson(
    {
      schemaVersion: 2,
      mediaType,
      manifests: images.map(({ manifest, platform }) =>
        descriptorJson({
          ...manifest.descriptor,
          ...given(annotationsFor(annotations.manifestDescriptor, platform)),
          platform,
        }),
      ),
      annotations: own.size > 0 ? own : undefined,
    },
    '  ',
  );
  const { bytes, descriptor } = documentOf(Buffer.from(json), mediaType);
  return { bytes, descriptor: { ...descriptor, ...given(annotationsOfIndex(annotations.indexDescriptor)) } };
}

function given(annotations: ReadonlyMap<string, string>): Pick<Descriptor, 'annotations'> {
  return annotations.size > 0 ? { annotations: Object.fromEntries(annotations) } : {};
}

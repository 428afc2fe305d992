/**
 * An exporter takes a result out of the store: to a folder, an archive, a registry.
 *
 * {@link planExport} reads the attributes before the solve starts, so that a slow build does not end in a typing mistake.
 * The export itself runs once every result is there. It leaves a whole result or none.
 *
 * ```ts
 * const plan = planExport({ type: 'tar', attrs: {}, sink }, false);
 * const tree = …;
 * if (plan.kind === 'tree') await exportTar({ kind: 'single', content: tree }, plan, work);
 * ```
 */
import type { Output, Sink } from '@llb-ts/backend';
import { requestFailure } from '../error/error.ts';
import { checkImageNames, type ImagePlan, imageOptions } from './image/image-options.ts';
import { type TreePlan, treeOptions } from './tree/tree-options.ts';

/** An export as it will be done: attributes parsed, once. */
export type ExportPlan = TreePlan | ImagePlan;

/** BuildKit's names of the steps that export (`exporter/*`, `Name()`). */
export const EXPORT_NAMES: Readonly<Record<Output['type'], string>> = {
  local: 'exporting to client directory',
  tar: 'exporting to client tarball',
  oci: 'exporting to oci image format',
  docker: 'exporting to docker image format',
  image: 'exporting to image',
};

/**
 * Reads the attributes of an output. Fails with code `request` and BuildKit's text if they cannot be used.
 * @param isForPlatforms whether the result is one for each of several platforms
 */
export function planExport({ type, attrs, sink }: Output, isForPlatforms: boolean): ExportPlan {
  switch (type) {
    case 'local':
    case 'tar':
      return { kind: 'tree', type, options: treeOptions(attrs), sink };
    case 'docker':
      if (isForPlatforms) {
        throw requestFailure('docker exporter does not currently support exporting manifest lists', {
          hint: 'use type=oci, or choose one platform',
        });
      }
      return imagePlan(type, attrs, sink);
    case 'oci':
    case 'image':
      return imagePlan(type, attrs, sink);
  }
}

function imagePlan(type: ImagePlan['type'], attrs: Output['attrs'], sink: Sink): ImagePlan {
  const options = imageOptions(type, attrs);
  checkImageNames(type, options);
  return { kind: 'image', type, options, sink };
}

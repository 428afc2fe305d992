import type { ExportTarget } from '@llb-ts/backend';
import type { ExportWork } from '../exporter/exporter.ts';
import { exportImage } from '../exporter/image.ts';
import type { ImageServices } from '../exporter/image-commit.ts';
import { exportLocal } from '../exporter/local.ts';
import { exportArchive } from '../exporter/oci.ts';
import { exportTar } from '../exporter/tar.ts';
import type { Ref } from '../layer/ref.ts';
import type { Views } from '../layer/views.ts';

export interface ExportServices {
  readonly views: Views;
  /** What exporters of images need of the solve, but for the work at hand. */
  readonly images: Omit<ImageServices, 'views' | 'pause'>;
}

/** Exports a result; answers under BuildKit's metadata keys. */
export async function exportRef(
  ref: Ref | undefined,
  target: ExportTarget,
  work: ExportWork,
  { views, images }: ExportServices,
): Promise<Readonly<Record<string, string>>> {
  const { pause } = work;
  switch (target.type) {
    case 'local':
      await views.prepare(ref, pause);
      await exportLocal(views.exportTreeOf(ref), target, work);
      return {};
    case 'tar':
      await views.prepare(ref, pause);
      await exportTar(views.exportTreeOf(ref), target, work);
      return {};
    case 'oci':
    case 'docker':
      return exportArchive(ref, target, { ...images, views, pause }, work);
    case 'image':
      return exportImage(ref, target, { ...images, views, pause }, work);
  }
}

import type { Ref } from '../chain/ref.ts';
import type { Views } from '../chain/views.ts';
import type { ExportWork } from '../exporter/base/export-work.ts';
import { contentsOf, type ExportResult, mapResult } from '../exporter/base/result.ts';
import { exportImage } from '../exporter/image/image.ts';
import type { ImageServices } from '../exporter/image/image-commit.ts';
import { exportArchive } from '../exporter/image/oci.ts';
import type { ExportPlan } from '../exporter/plan.ts';
import { exportLocal } from '../exporter/tree/local.ts';
import { exportTar } from '../exporter/tree/tar.ts';

export interface ExportServices {
  readonly views: Views;
  /** The parts of a solve that exporters of images need, but for the work at hand. */
  readonly images: Omit<ImageServices, 'views' | 'pacer'>;
}

/** Exports a result, for one platform or several; answers under BuildKit's metadata keys. */
export async function exportRef(
  result: ExportResult<Ref | undefined>,
  plan: ExportPlan,
  work: ExportWork,
  { views, images }: ExportServices,
): Promise<Readonly<Record<string, string>>> {
  const treesOf = async () => {
    for (const ref of contentsOf(result)) await views.prepare(ref, work);
    return mapResult(result, (ref) => views.exportTreeOf(ref));
  };
  switch (plan.type) {
    case 'local':
      await exportLocal(await treesOf(), plan, work);
      return {};
    case 'tar':
      await exportTar(await treesOf(), plan, work);
      return {};
    case 'oci':
    case 'docker':
      return exportArchive(result, plan, { ...images, views, pacer: work }, work);
    case 'image':
      return exportImage(result, plan, { ...images, views, pacer: work }, work);
  }
}

import { type ExportTarget, SolveFailure } from '@llb-ts/backend';
import type { ExportWork } from '../exporter/exporter.ts';
import { exportLocal } from '../exporter/local.ts';
import { exportTar } from '../exporter/tar.ts';
import type { Ref } from '../layer/ref.ts';
import type { Stores } from '../layer/stores.ts';

/** Exports a result; answers under BuildKit's metadata keys. */
export async function exportRef(
  ref: Ref | undefined,
  target: ExportTarget,
  work: ExportWork,
  { views }: Stores,
): Promise<Readonly<Record<string, string>>> {
  switch (target.type) {
    case 'local':
      await views.prepare(ref, work.pause);
      await exportLocal(views.treeOf(ref), target, work);
      return {};
    case 'tar':
      await views.prepare(ref, work.pause);
      await exportTar(views.treeOf(ref), target, work);
      return {};
    case 'oci':
    case 'docker':
    case 'image':
      throw new SolveFailure('request', `exporter "${target.type}" could not be found`);
  }
}

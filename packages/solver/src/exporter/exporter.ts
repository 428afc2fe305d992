/**
 * An exporter takes a result out of the house: to a folder, an archive, a registry.
 *
 * Its life: {@link checkExport} judges the attributes before the solve starts, so that a slow build does not end in a
 * typing mistake; the export itself runs once every result is there. What is left behind is whole or not there at all.
 *
 * ```ts
 * checkExport(target);
 * const tree = …;
 * await exportTar({ kind: 'single', content: tree }, target, work);
 * ```
 */
import type { ExportTarget } from '@llb-ts/backend';
import { requestFailure } from '../error.ts';
import { checkImageExport } from './image-options.ts';
import { treeOptions } from './tree-options.ts';

/** What an export needs of the solve it belongs to. */
export interface ExportWork {
  /** Gives other work a turn, and throws when the solve was stopped. */
  pause(): Promise<void>;
  readonly signal: AbortSignal;
  report(event: ExportStatus | ExportWarning): void;
}

/** Something that does not stop the export. */
export interface ExportWarning {
  readonly type: 'warning';
  readonly message: string;
}

/** A transfer: the same `id` comes again with new numbers. */
export interface ExportStatus {
  readonly type: 'status';
  readonly id: string;
  readonly name: string;
  readonly current: number;
  /** 0 when unknown. */
  readonly total: number;
  /** Milliseconds since 1970. */
  readonly started?: number;
  readonly completed?: number;
}

/** What BuildKit calls the step that exports (`exporter/*`, `Name()`). */
export const EXPORT_NAMES: Readonly<Record<ExportTarget['type'], string>> = {
  local: 'exporting to client directory',
  tar: 'exporting to client tarball',
  oci: 'exporting to oci image format',
  docker: 'exporting to docker image format',
  image: 'exporting to image',
};

/**
 * Fails with code `request` and BuildKit's text if the attributes cannot be used.
 * @param isForPlatforms whether the result is one for each of several platforms
 */
export function checkExport(target: ExportTarget, isForPlatforms = false): void {
  switch (target.type) {
    case 'local':
    case 'tar':
      treeOptions(target.attrs);
      return;
    case 'docker':
      if (isForPlatforms) {
        throw requestFailure('docker exporter does not currently support exporting manifest lists', {
          hint: 'use type=oci, or choose one platform',
        });
      }
      checkImageExport(target);
      return;
    case 'oci':
    case 'image':
      checkImageExport(target);
      return;
  }
}

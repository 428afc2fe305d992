import type { Pacer } from '../../host/pacer.ts';

/** The needs of an export from the solve it belongs to. */
export interface ExportWork extends Pacer {
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

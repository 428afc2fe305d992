import { randomUUID } from 'node:crypto';
import { type Output, type ProgressEvent, SolveFailure } from '@llb-ts/backend';
import { digestOf } from '@llb-ts/pb';
import { asFailure } from '../error/error.ts';
import type { ExportWork } from '../exporter/base/export-work.ts';
import { EXPORT_NAMES } from '../exporter/plan.ts';
import { pacerFor } from '../host/pacer.ts';

/** Runs one export as a step of its own in the progress, with a digest that no op has. */
export async function runExport<T>(
  type: Output['type'],
  signal: AbortSignal,
  onProgress: (event: ProgressEvent) => void,
  body: (work: ExportWork) => Promise<T>,
): Promise<T> {
  const digest = digestOf(`export ${randomUUID()}`);
  const name = EXPORT_NAMES[type];
  onProgress({ type: 'vertex', time: Date.now(), digest, inputs: [], name });
  onProgress({ type: 'started', time: Date.now(), digest });
  const completed = (more: { error?: string; cancelled?: boolean }) =>
    onProgress({ type: 'completed', time: Date.now(), digest, cached: false, ...more });
  try {
    const result = await body({
      ...pacerFor(signal),
      report: (status) => onProgress({ ...status, time: Date.now(), digest }),
    });
    completed({});
    return result;
  } catch (error) {
    const failure = signal.aborted
      ? new SolveFailure('cancelled', 'the solve was stopped', { cause: error })
      : asFailure(error, 'export');
    completed({ error: failure.message, ...(signal.aborted && { cancelled: true }) });
    throw failure;
  }
}

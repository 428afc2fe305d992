import type { Workbench } from '../../work/operation.ts';

/** Says in the log of a step why a transfer is tried again, and when. */
export function retryLog(work: Workbench): (reason: string, delay: number) => void {
  return (reason, delay) => {
    const text = `error: ${reason}\nretrying in ${delay / 1_000}s\n`;
    work.report({ type: 'log', stream: 'stderr', data: Buffer.from(text) });
  };
}

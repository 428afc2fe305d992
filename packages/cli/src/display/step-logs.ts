import type { ProgressEvent } from '@llb-ts/backend';

/** What is kept of the output of one step at most; a step that prints more keeps its end. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Keeps what running steps print, so that a failed one can show it; forgets what ended well. */
export class StepLogs {
  readonly #chunks = new Map<string, { readonly data: Uint8Array[]; size: number }>();

  add(event: ProgressEvent): void {
    if (event.type === 'completed' && event.error === undefined) this.#chunks.delete(event.digest);
    if (event.type !== 'log') return;
    const log = this.#chunks.get(event.digest) ?? { data: [], size: 0 };
    this.#chunks.set(event.digest, log);
    log.data.push(event.data);
    log.size += event.data.length;
    while (log.size > MAX_BYTES && log.data.length > 1) log.size -= log.data.shift()?.length ?? 0;
  }

  /** Lines that the step printed; empty when it printed nothing. */
  linesOf(digest: string): readonly string[] {
    const data = this.#chunks.get(digest)?.data ?? [];
    const text = Buffer.concat(data).toString().replace(/\n$/, '');
    return text === '' ? [] : text.split('\n');
  }
}

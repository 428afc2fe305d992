import type { BlobStore } from '../../blob/blob-store.ts';
import type { Descriptor } from '../../registry/descriptor.ts';
import type { Workbench } from '../../work/operation.ts';
import { TransferProgress } from '../contract/transfer-progress.ts';
import type { ImageOrigin } from './image-origin.ts';
import { retryLog } from './retry-log.ts';

/** As many as BuildKit lets run per registry. */
const PARALLEL = 4;

/** The blobs of one image on their way into the store: a few at a time, in the order in which they were asked for. */
export class BlobDownloads {
  readonly #blobs: BlobStore;
  readonly #origin: ImageOrigin;
  readonly #work: Workbench;
  readonly #abort = new AbortController();
  readonly #downloads = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(blobs: BlobStore, origin: ImageOrigin, work: Workbench) {
    this.#blobs = blobs;
    this.#origin = origin;
    this.#work = work;
  }

  /** Begins to fetch a blob that is not here yet. */
  start(blob: Descriptor): void {
    if (this.#downloads.has(blob.digest)) return;
    const download = this.#slot(() => this.#fetch(blob));
    // Its users get the failure; a download without users must not be an unhandled rejection.
    download.catch(() => {});
    this.#downloads.set(blob.digest, download);
  }

  /** Until a blob that was started is in the store. */
  async wait({ digest }: Descriptor): Promise<void> {
    await this.#downloads.get(digest);
  }

  /** Ends what still runs, and waits until it has let go. */
  async stop(): Promise<void> {
    this.#abort.abort();
    for (const next of this.#waiting.splice(0)) next();
    await Promise.allSettled(this.#downloads.values());
  }

  async #slot(run: () => Promise<void>): Promise<void> {
    if (this.#running >= PARALLEL) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      this.#abort.signal.throwIfAborted();
      await run();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #fetch(blob: Descriptor): Promise<void> {
    if (await this.#blobs.isSound(blob)) return;
    const signal = AbortSignal.any([this.#abort.signal, this.#work.signal]);
    const progress = new TransferProgress(
      { id: blob.digest, name: 'downloading', total: blob.size },
      this.#work,
    );
    const writer = this.#blobs.writer(blob.digest);
    try {
      const options = { signal, onRetry: retryLog(this.#work) };
      for await (const chunk of this.#origin.fetch(blob, options)) {
        writer.write(chunk);
        progress.advance(chunk.length);
      }
      await writer.sync();
      writer.commit(blob);
    } catch (error) {
      this.#work.signal.throwIfAborted();
      throw error;
    } finally {
      writer.abort();
      progress.done();
    }
  }
}

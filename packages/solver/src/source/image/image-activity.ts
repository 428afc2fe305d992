import type { Workbench } from '../../work/operation.ts';

/**
 * Shows the vertex of an image as at work while its layers come, and ended when they are unpacked; whatever goes wrong is
 * its failure. Layers come only when another vertex looks into them, and the image has had its result by then.
 */
export class ImageActivity {
  readonly #work: Workbench;
  #running = 0;
  #isShown = false;

  constructor(work: Workbench) {
    this.#work = work;
  }

  async run<T>(bring: () => Promise<T>): Promise<T> {
    this.#running++;
    if (!this.#isShown) {
      this.#isShown = true;
      this.#work.report({ type: 'started' });
    }
    try {
      return await bring();
    } catch (error) {
      const cancelled = this.#work.signal.aborted;
      const failure = cancelled ? error : this.#work.blame(error);
      this.#end({
        error: failure instanceof Error ? failure.message : String(failure),
        ...(cancelled && { cancelled }),
      });
      throw failure;
    } finally {
      this.#running--;
      // The next layer is asked for at once, if there is one.
      setImmediate(() => this.settle());
    }
  }

  /** Says that the vertex has ended, if nothing comes any more. */
  settle(): void {
    if (this.#running === 0) this.#end({});
  }

  #end(how: { readonly error?: string; readonly cancelled?: boolean }): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#work.report({ type: 'completed', cached: false, ...how });
  }
}

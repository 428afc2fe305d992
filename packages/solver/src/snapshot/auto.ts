import { SolveFailure } from '@llb-ts/backend';
import type { Pacer } from '../host/pacer.ts';
import type { OpenLayer, Snapshot, Snapshotter, Workspace } from './snapshotter.ts';

/** One snapshotter until it turns out that this machine does not let it work, from then on another. */
export class AutoSnapshotter implements Snapshotter {
  readonly #first: Snapshotter;
  #chosen: Snapshotter;
  readonly #fallback: Snapshotter;
  readonly #note: (sentence: string) => void;

  constructor(first: Snapshotter, fallback: Snapshotter, note: (sentence: string) => void) {
    this.#first = first;
    this.#chosen = first;
    this.#fallback = fallback;
    this.#note = note;
  }

  get name() {
    return this.#chosen.name;
  }

  view(folders: readonly string[], pacer: Pacer): Promise<Snapshot> {
    return this.#try((snapshotter) => snapshotter.view(folders, pacer));
  }

  edit(folders: readonly string[], layer: OpenLayer): Promise<Workspace> {
    return this.#try((snapshotter) => snapshotter.edit(folders, layer));
  }

  async settled(): Promise<void> {
    await Promise.all([this.#first.settled(), this.#fallback.settled()]);
  }

  async #try<T>(act: (snapshotter: Snapshotter) => Promise<T>): Promise<T> {
    const tried = this.#chosen;
    try {
      return await act(tried);
    } catch (error) {
      const isRefused = error instanceof SolveFailure && error.code === 'environment';
      if (!isRefused || tried === this.#fallback) throw error;
      if (this.#chosen === tried) {
        this.#chosen = this.#fallback;
        this.#note(
          `trees are copied instead of mounted (${this.#fallback.name} snapshotter): ${error.message}`,
        );
      }
      return await act(this.#fallback);
    }
  }
}

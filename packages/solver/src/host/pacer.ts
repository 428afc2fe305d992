import { setImmediate } from 'node:timers/promises';

/** The turns and the end of a piece of work: handed to all that takes long. */
export interface Pacer {
  /** Fires when the work is to stop. */
  readonly signal: AbortSignal;
  /**
   * Gives other work a turn, and fails with the signal's reason once that has fired: to be awaited in loops and between
   * steps. Cheap unless the turn has lasted.
   */
  pause(): Promise<void>;
}

const TURN_MS = 25;

/** When the event loop last had a turn, as far as we know. It is one for the whole process, however many steps there are. */
let since = performance.now();

/** File work is synchronous, so it must step aside now and then for progress, signals and other steps. */
export function pacerFor(signal: AbortSignal): Pacer {
  return {
    signal,
    async pause() {
      if (performance.now() - since >= TURN_MS) {
        await setImmediate();
        since = performance.now();
      }
      signal.throwIfAborted();
    },
  };
}

import { setImmediate } from 'node:timers/promises';

const TURN_MS = 25;

/** When the event loop last had a turn, as far as we know. It is one for the whole process, however many steps there are. */
let since = performance.now();

/**
 * File work is synchronous, so it must step aside now and then for progress, signals and other steps. Returns a function
 * to be awaited in loops and between steps: cheap unless the turn has lasted, and failing with the signal's reason once
 * that has fired.
 */
export function pacer(signal: AbortSignal): () => Promise<void> {
  return async () => {
    if (performance.now() - since >= TURN_MS) {
      await setImmediate();
      since = performance.now();
    }
    signal.throwIfAborted();
  };
}

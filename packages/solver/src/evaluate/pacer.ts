import { setImmediate } from 'node:timers/promises';

const TURN_MS = 25;

/**
 * File work is synchronous, so it must step aside now and then for progress, signals and other steps. Returns a function
 * to be awaited in loops: cheap unless its turn has lasted, and failing with the signal's reason once that has fired.
 */
export function pacer(signal: AbortSignal): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN_MS) return;
    await setImmediate();
    signal.throwIfAborted();
    since = performance.now();
  };
}

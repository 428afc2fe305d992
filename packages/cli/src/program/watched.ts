import { setImmediate } from 'node:timers/promises';
import { takeStrayErrors } from '../process/stray-errors.ts';

/**
 * Runs work of the build file; a rejection that it forgot to await and an error of a callback of it end the work too,
 * with that error. Rejections from before the end of the work are known one turn of the event loop after it.
 */
export async function watched<T>(work: () => Promise<T>): Promise<T> {
  let giveBack: () => void = () => {};
  const stray = new Promise<never>((_, reject) => {
    giveBack = takeStrayErrors(reject);
  });
  try {
    const result = await Promise.race([work(), stray]);
    await Promise.race([setImmediate(), stray]);
    return result;
  } finally {
    giveBack();
  }
}

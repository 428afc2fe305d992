import { takeStrayErrors } from '../stray-errors.ts';

/**
 * Runs work of the build file; a rejection that it forgot to await and an error of a callback of it end the work too,
 * with that error.
 */
export async function watched<T>(work: () => Promise<T>): Promise<T> {
  let giveBack: () => void = () => {};
  const stray = new Promise<never>((_, reject) => {
    giveBack = takeStrayErrors(reject);
  });
  try {
    return await Promise.race([work(), stray]);
  } finally {
    giveBack();
  }
}

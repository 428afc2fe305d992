import { errnoOf } from '../../error/error.ts';
import { runProgram } from '../../host/run-program.ts';
import { textOf } from '../../name/bytes.ts';

/** A copy under way. */
export interface Replication {
  /** True if the copy is complete; otherwise the target must not be used. */
  readonly done: Promise<boolean>;
  stop(): void;
}

/**
 * Gives an empty folder all that another one has: directories of its own, files by further names of their inodes. `cp` does
 * it, so that it goes on beside what this process does meanwhile.
 * @param from byte string, as `to`
 */
export function replicate(from: string, to: string): Replication {
  const stop = new AbortController();
  const args = ['-al', '--', `${textOf(from)}/.`, textOf(to)];
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const done = runProgram({ program: 'cp', args, env, signal: stop.signal }).then(
    ({ status }) => status === 0,
    (error: unknown) => {
      // No such program, or stopped.
      if (errnoOf(error) === undefined) throw error;
      return false;
    },
  );
  return { done, stop: () => stop.abort() };
}

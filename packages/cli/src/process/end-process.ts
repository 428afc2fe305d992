import type { ExitCode } from '../error/exit-code.ts';

let isEnding = false;

/** Ends the process; the one way of this program, so that an end by a build file can be told from it. */
export function endProcess(code: ExitCode): never {
  isEnding = true;
  process.exit(code);
}

/**
 * Calls `answer` when other code calls `process.exit`; the process then ends with the code that it gives. `ended` was
 * made in that call, for its stack.
 */
export function watchExit(answer: (given: string, ended: Error) => ExitCode): void {
  const exit = process.exit;
  process.exit = (code?: number | string | null) => {
    if (isEnding) return exit(code);
    isEnding = true;
    return exit(answer(code === undefined ? '' : String(code), new Error('process.exit')));
  };
}

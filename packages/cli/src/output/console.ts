import { Console } from 'node:console';
import { syncBuiltinESMExports } from 'node:module';

/** Standard output, which carries data only; the `process.stdout` of a build file is another stream. */
export const standardOutput: NodeJS.WriteStream = process.stdout;

/**
 * Sends what a build file logs or writes to standard output to standard error. What it writes to file descriptor 1, by
 * itself or by a program that inherits it, is not seen here.
 */
export function logToStderr(): void {
  globalThis.console = new Console(process.stderr, process.stderr);
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, value: process.stderr });
  syncBuiltinESMExports();
}

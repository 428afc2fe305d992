import { Console } from 'node:console';

/** Sends what a build file logs to standard error: standard output carries data only. */
export function logToStderr(): void {
  globalThis.console = new Console(process.stderr, process.stderr);
}

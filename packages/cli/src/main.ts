import { commandLine, parseError } from './command-line.ts';
import { setEngineFlags } from './engine-flags.ts';
import { CliError } from './error/cli-error.ts';
import { ExitCode } from './error/exit-code.ts';
import { endProcess } from './process/end-process.ts';
import { Interrupts } from './process/interrupts.ts';
import { takeStrayErrors } from './process/stray-errors.ts';
import { version } from './version.ts';

/** Runs `llb-ts` with the words after its name and ends the process. */
export async function main(words: readonly string[]): Promise<never> {
  setEngineFlags();
  // A reader that has closed the pipe is told by the write itself; without a listener the event would be fatal.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const interrupts = new Interrupts();
  // The program always ends by itself; where nothing is left to wait for before that, a build file waits for ever.
  process.once('beforeExit', () => void end(unsettled()));
  takeStrayErrors((error) => {
    // A mistake of the build file stops a solve as a signal does; after a bug of ours nothing can be relied on.
    if (!(error instanceof CliError && interrupts.fail(error))) void end(error);
  });
  async function end(error: unknown): Promise<never> {
    const exitCode = await explain(error);
    // Timers and sockets that a build file left open must not keep the process.
    const said = exitCode === ExitCode.done ? process.exitCode : undefined;
    endProcess(interrupts.exitCode ?? (said as ExitCode | undefined) ?? exitCode);
  }
  try {
    await commandLine(version, interrupts).parseAsync(words, { from: 'user' });
  } catch (error) {
    return end(parseError(error));
  }
  return end(undefined);
}

function unsettled(): CliError {
  return new CliError('program', 'the build file waits for a promise that is never settled');
}

async function explain(error: unknown): Promise<ExitCode> {
  if (error === undefined) return ExitCode.done;
  const [{ reportOf }, { colorsFor }] = await Promise.all([
    import('./report/report.ts'),
    import('./terminal/colors.ts'),
  ]);
  const report = reportOf(error, colorsFor(process.stderr), process.env.LLB_TS_DEBUG === '1');
  process.stderr.write(report.text);
  return report.exitCode;
}

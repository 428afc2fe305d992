import { spawnSync } from 'node:child_process';
import type { SolveFailure } from '@llb-ts/backend';
import type { LocalBackendOptions } from '@llb-ts/solver';
import type { HeldDisplay } from '../display/held-display.ts';
import { usageError } from '../error/cli-error.ts';
import type { Interrupts } from '../process/interrupts.ts';
import { colorsFor } from '../terminal/colors.ts';
import { plainLine, shownText } from '../terminal/terminal-text.ts';

/** The reaction to a process that fails: the solve fails, or a shell is opened in its place first. */
export type OnError = 'fail' | 'shell';

/** Fails unless there is a terminal to open a shell on. */
export function requireTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY) return;
  throw usageError(
    '--on-error shell: there is no terminal',
    'the shell needs standard input, output and error: run it on a terminal, without pipes',
  );
}

/** Opens a shell for the first process that fails; the solve goes on to fail when the shell has ended. */
export function failureShell(
  display: HeldDisplay,
  interrupts: Interrupts,
): NonNullable<LocalBackendOptions['onStepFailure']> {
  let isTaken = false;
  return async (failure, openShell) => {
    if (isTaken || interrupts.signal.aborted) return;
    isTaken = true;
    await display.during(() =>
      interrupts.lend(async () => {
        process.stderr.write(introduction(failure));
        const restore = terminalSettings();
        try {
          await openShell();
        } catch (error) {
          // That the process failed matters more.
          const label = colorsFor(process.stderr).yellow('warning:');
          process.stderr.write(`${label} no shell: ${sentence(error)}\n`);
        } finally {
          restore();
        }
      }),
    );
  };
}

function introduction({ message, details }: SolveFailure): string {
  const { bold } = colorsFor(process.stderr);
  const lines = (details.log ?? []).map((line) => `     | ${plainLine(line)}\n`).join('');
  return `${shownText(message)}\n${lines}${bold('a shell where it failed; "exit" ends it')}\n`;
}

function sentence(error: unknown): string {
  const { message, details } = error as Partial<SolveFailure>;
  return [message, details?.hint].filter(Boolean).join('; ');
}

/** A runtime that is killed leaves the terminal unusable. */
function terminalSettings(): () => void {
  const stty = (args: readonly string[]) =>
    spawnSync('stty', args, { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' }).stdout;
  const settings = stty(['-g'])?.trim();
  return () => {
    if (settings) stty([settings]);
  };
}

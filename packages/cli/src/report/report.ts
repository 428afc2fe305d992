import { SolveFailure } from '@llb-ts/backend';
import { CliError, type Place } from '../error/cli-error.ts';
import { ExitCode, exitCodeOf } from '../error/exit-code.ts';
import type { Colors } from '../terminal/colors.ts';
import { plainLine, shownText } from '../terminal/terminal-text.ts';
import { frameLines } from './frame.ts';

/** The text to print for an error, and the exit code. */
export interface Report {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Facts of a solve about its failure beyond the failure itself. */
export interface FailureContext {
  readonly place?: Place;
  /** Last lines of output, unless the display has shown them. */
  readonly output?: readonly string[];
  /** The file that has all of the output, when `output` does not. */
  readonly logFile?: string;
}

/** A failed solve together with what is known about it; what `solve` throws. */
export class FailedSolve extends Error {
  override readonly name = 'FailedSolve';

  constructor(
    readonly failure: SolveFailure,
    readonly context: FailureContext,
  ) {
    super(failure.message, { cause: failure });
  }
}

/** Words an error for the terminal: what was wrong, where, what to do. `debug` adds stacks. */
export function reportOf(error: unknown, colors: Colors, debug: boolean): Report {
  const stack = debug ? stackOf(error) : [];
  if (error instanceof CliError) {
    const { place, notes = [], help } = error.details;
    return {
      text: words(error.message, { colors, place, notes, help, stack }),
      exitCode: error.exitCode,
    };
  }
  if (error instanceof FailedSolve) return failureReport(error.failure, error.context, colors, stack);
  if (error instanceof SolveFailure) return failureReport(error, {}, colors, stack);
  return internalReport(error, colors, stack);
}

function failureReport(
  failure: SolveFailure,
  context: FailureContext,
  colors: Colors,
  stack: readonly string[],
): Report {
  if (failure.code === 'internal') return internalReport(failure, colors, stack);
  const { vertexName, vertex, hint } = failure.details;
  const notes: (readonly [string, string])[] = [];
  if (vertexName !== undefined) notes.push(['step', vertexName]);
  // Without a place in a file the digest is what finds the step in `llb-ts inspect`.
  if (vertex !== undefined && !context.place) notes.push(['vertex', vertex]);
  if (context.output?.length)
    notes.push(['output', context.output.map((line) => `\n     | ${plainLine(line)}`).join('')]);
  if (context.logFile !== undefined) notes.push(['log', context.logFile]);
  return {
    text: words(failure.message, { colors, place: context.place, notes, help: hint, stack }),
    exitCode: exitCodeOf(failure.code),
  };
}

const BUG_HELP = 'this is a bug in llb-ts: run it again with LLB_TS_DEBUG=1 and report what it prints';

function internalReport(error: unknown, colors: Colors, stack: readonly string[]): Report {
  const message = error instanceof Error ? error.message : String(error);
  return {
    text: words(message.startsWith('Internal error:') ? message : `Internal error: ${message}`, {
      colors,
      help: stack.length > 0 ? 'please report this with the lines below' : BUG_HELP,
      stack,
    }),
    exitCode: ExitCode.bug,
  };
}

interface Parts {
  readonly colors: Colors;
  readonly place?: Place | undefined;
  readonly notes?: readonly (readonly [label: string, text: string])[];
  readonly help?: string | undefined;
  readonly stack?: readonly string[];
}

function words(message: string, { colors, place, notes = [], help, stack = [] }: Parts): string {
  const all = help === undefined ? notes : [...notes, ['help', help] as const];
  const labelled = all.map(([label, text]) => [label, shownText(text)] as const);
  const width = Math.max(4, ...labelled.map(([label]) => label.length));
  return [
    `${colors.red(colors.bold('error:'))} ${shownText(message)}`,
    ...(place ? frameLines(place, colors) : []),
    ...labelled.map(([label, text]) =>
      text.startsWith('\n')
        ? `   ${colors.bold(label)}${text}`
        : `   ${colors.bold(label.padEnd(width))}   ${text.replaceAll('\n', `\n${' '.repeat(width + 6)}`)}`,
    ),
    ...stack.map((line) => shownText(line)),
    '',
  ].join('\n');
}

function stackOf(error: unknown): readonly string[] {
  const stacks: string[] = [];
  for (let e: unknown = error; e instanceof Error && stacks.length < 8; e = e.cause) {
    stacks.push(`${stacks.length > 0 ? 'caused by ' : ''}${e.stack ?? String(e)}`);
  }
  return stacks;
}

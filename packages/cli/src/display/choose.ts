import { usageError } from '../error/cli-error.ts';
import { colorsFor } from '../terminal/colors.ts';
import { shownText } from '../terminal/terminal-text.ts';
import { type Display, quietDisplay } from './display.ts';
import { PlainDisplay } from './plain.ts';
import { RawJsonDisplay } from './rawjson.ts';
import { TtyDisplay } from './tty.ts';

export const progressModes = ['auto', 'tty', 'plain', 'quiet', 'rawjson'] as const;
export type ProgressMode = (typeof progressModes)[number];

/** The stream of a display: standard error, or a stand-in. */
export interface DisplayStream {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The mode that `auto` means: a live picture on a terminal that can show one and is no log of a CI machine. */
export function resolveMode(
  mode: ProgressMode,
  stream: DisplayStream,
  env: NodeJS.ProcessEnv = process.env,
): Exclude<ProgressMode, 'auto'> {
  const isTerminal = stream.isTTY ?? false;
  if (mode === 'tty' && !isTerminal) {
    throw usageError('--progress tty: standard error is not a terminal', 'use --progress plain');
  }
  if (mode !== 'auto') return mode;
  return isTerminal && env.TERM !== 'dumb' && !isCi(env) ? 'tty' : 'plain';
}

export function createDisplay(mode: Exclude<ProgressMode, 'auto'>, stream: DisplayStream): Display {
  const write = (text: string) => stream.write(text);
  switch (mode) {
    case 'quiet':
      return quietDisplay;
    case 'plain':
      // A file or a pipe gets what BuildKit would write, byte for byte.
      return new PlainDisplay(stream.isTTY ? (text) => write(shownText(text, { colors: true })) : write);
    case 'rawjson':
      return new RawJsonDisplay(write);
    case 'tty':
      return new TtyDisplay(
        {
          write,
          get columns() {
            return stream.columns ?? 80;
          },
          get rows() {
            return stream.rows ?? 24;
          },
        },
        colorsFor(stream),
      );
  }
}

function isCi(env: NodeJS.ProcessEnv): boolean {
  const ci = env.CI;
  return ci !== undefined && ci !== '' && ci !== '0' && ci !== 'false';
}

import type { Place } from '../error/cli-error.ts';
import type { Colors } from '../terminal/colors.ts';
import { shownText, widthOf } from '../terminal/terminal-text.ts';

/** Lines before the marked one. */
const CONTEXT = 1;
/** Longer lines are cut, so that minified text does not flood the terminal. */
const MAX_COLUMNS = 160;

/** `build.ts:14:9` and the lines around it with a caret. Columns are shown from 1, as editors count. */
export function frameLines(place: Place, colors: Colors): readonly string[] {
  const head = `   ${colors.cyan(`${shownText(place.file)}:${place.line}:${place.character + 1}`)}`;
  const lines = place.text?.split(/\r?\n/);
  const marked = lines?.[place.line - 1];
  if (!lines || marked === undefined) return [head];
  const width = Math.max(String(place.line).length, 2);
  const first = Math.max(place.line - CONTEXT, 1);
  const column = expand(marked.slice(0, place.character)).length;
  // Of a line that is too long the part around the place is shown, of all lines alike.
  const from = column < MAX_COLUMNS ? 0 : column - MAX_COLUMNS / 2;
  const shown = lines.slice(first - 1, place.line).map((text, i) => {
    const number = first + i;
    const mark = number === place.line ? colors.red('>') : ' ';
    return ` ${mark} ${String(number).padStart(width)} | ${window(expand(text), from)}`.trimEnd();
  });
  const before = widthOf(window(expand(marked), from).slice(0, column - from));
  return [head, ...shown, `   ${' '.repeat(width)} | ${' '.repeat(before)}${colors.red('^')}`];
}

function window(line: string, from: number): string {
  const text = line.slice(from, from + MAX_COLUMNS);
  const start = from > 0 && text !== '' ? `…${text.slice(1)}` : text;
  return line.length > from + MAX_COLUMNS ? `${start.slice(0, -1)}…` : start;
}

function expand(text: string): string {
  return shownText(text).replaceAll('\t', '  ');
}

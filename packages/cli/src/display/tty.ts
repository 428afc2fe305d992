import type { ProgressEvent, VertexStatusEvent } from '@llb-ts/backend';
import type { Colors } from '../terminal/colors.ts';
import { clip, plainLine, widthOf } from '../terminal/terminal-text.ts';
import { formatBytes, formatSeconds } from '../terminal/units.ts';
import type { Display } from './display.ts';
import { durationOf } from './intervals.ts';
import { LogLines } from './log-lines.ts';
import { isCompleted, isStarted, type Row, Trace } from './trace.ts';

/** The terminal as the display needs it; `columns` and `rows` are asked before each drawing. */
export interface Terminal {
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
}

const REDRAW_INTERVAL = 100;
const BAR_WIDTH = 20;
/** Characters that are kept of a line, far more than a terminal shows. */
const LONGEST_LINE = 4096;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/**
 * A live picture: a headline with counts, then the steps at work, each with its time, its transfers and the last line
 * it printed. What is finished folds into the counts; a step that failed stays, also when the display has closed.
 */
export class TtyDisplay implements Display {
  readonly #trace = new Trace();
  readonly #lastLine = new Map<Row, LastLine>();
  readonly #terminal: Terminal;
  readonly #colors: Colors;
  readonly #now: () => number;
  readonly #since: number;
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;
  #isOpen = false;

  constructor(terminal: Terminal, colors: Colors, now: () => number = Date.now) {
    this.#terminal = terminal;
    this.#colors = colors;
    this.#now = now;
    this.#since = now();
    this.#keepDrawing();
    process.once('exit', this.#showCursor);
  }

  show(event: ProgressEvent): void {
    this.#keepDrawing();
    const row = this.#trace.update(event);
    if (event.type === 'warning') this.#warn(event.message);
    if (!row || event.type !== 'log') return;
    let last = this.#lastLine.get(row);
    if (!last) {
      last = new LastLine();
      this.#lastLine.set(row, last);
    }
    last.write(event.data);
  }

  draw(): void {
    this.#replace(this.#picture());
  }

  rest(): void {
    this.#stopDrawing();
    this.#replace([]);
    this.#showCursor();
    this.#isOpen = false;
  }

  close(): void {
    this.#stopDrawing();
    this.#replace([...this.#trace.rows].filter(isFailed).map((row) => this.#headOf(row)));
    process.off('exit', this.#showCursor);
    this.#showCursor();
  }

  #keepDrawing(): void {
    this.#timer ??= setInterval(() => this.draw(), REDRAW_INTERVAL).unref();
  }

  #stopDrawing(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Also when the process is ended in the middle. */
  readonly #showCursor = (): void => {
    if (this.#isOpen) this.#terminal.write(SHOW_CURSOR);
  };

  /** Writes a line above the picture, where it stays. */
  #warn(message: string): void {
    this.#replace([`${this.#colors.yellow('warning:')} ${plainLine(message)}`]);
    this.#drawn = 0;
    this.draw();
  }

  #replace(lines: readonly string[]): void {
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : '';
    const hide = this.#isOpen ? '' : HIDE_CURSOR;
    this.#isOpen = true;
    this.#terminal.write(
      `${hide}${up}\r${lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`,
    );
    this.#drawn = lines.length;
  }

  #picture(): readonly string[] {
    const rows = [...this.#trace.rows].filter((row) => !row.hidden);
    const done = rows.filter(isCompleted);
    const cached = done.filter((row) => row.cached).length;
    const time = formatSeconds(this.#now() - this.#since);
    const counts = `${done.length}/${rows.length} steps${cached > 0 ? `, ${cached} cached` : ''}`;
    const head = clip(`[+] solving ${time}  ${counts}`, this.#terminal.columns - 1);
    const failed = rows.filter(isFailed).map((row) => [this.#headOf(row)]);
    const running = rows
      .filter((row) => isStarted(row) && !isCompleted(row))
      .map((row) => [this.#headOf(row), ...this.#detailsOf(row)]);
    // The cursor rests below the last line, so one row of the screen stays free.
    return [this.#colors.bold(head), ...this.#fit([...failed, ...running], this.#terminal.rows - 2)];
  }

  /** As many blocks as fit: details go first, then whole steps from the end, which a last line counts. */
  #fit(blocks: readonly (readonly string[])[], height: number): readonly string[] {
    const all = blocks.flat();
    if (all.length <= height) return all;
    const heads = blocks.map((block) => block[0] as string);
    if (heads.length <= height) return heads;
    const kept = heads.slice(0, Math.max(height - 1, 0));
    return [...kept, this.#colors.dim(`    and ${heads.length - kept.length} more`)].slice(0, height);
  }

  #headOf(row: Row): string {
    const time = formatSeconds(durationOf(row.intervals, this.#now()));
    const left = this.#terminal.columns - 1 - time.length - 1;
    const text = clip(` => ${isFailed(row) ? 'ERROR ' : ''}${plainLine(row.name)}`, left);
    const line = `${text}${' '.repeat(Math.max(left - widthOf(text), 0))} ${time}`;
    return isFailed(row) ? this.#colors.red(line) : line;
  }

  #detailsOf(row: Row): readonly string[] {
    const width = this.#terminal.columns - 1;
    const transfers = [...row.statuses.values()]
      .filter((status) => status.completed === undefined)
      .map((status) => clip(`    ${describeTransfer(status)}`, width));
    const last = this.#lastLine.get(row)?.text;
    const log = last ? [clip(`    ${plainLine(last)}`, width)] : [];
    return [...transfers, ...log].map((line) => this.#colors.dim(line));
  }
}

/** The last line of a process that holds anything. */
class LastLine {
  readonly #log = new LogLines();
  #line = '';
  #before = '';

  write(data: Uint8Array): void {
    this.#log.write(
      data,
      (line) => {
        this.#before = this.text;
        this.#line = line.slice(-LONGEST_LINE);
      },
      (text) => {
        this.#line = (this.#line + text).slice(-LONGEST_LINE);
      },
    );
  }

  get text(): string {
    return plainLine(this.#line).trim() === '' ? this.#before : this.#line;
  }
}

function isFailed(row: Row): boolean {
  return row.error !== undefined && !row.hidden;
}

function describeTransfer({ id, current, total }: VertexStatusEvent): string {
  const name = plainLine(id.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/g, '$1'));
  if (total > 0) {
    const filled = Math.min(Math.round((current / total) * BAR_WIDTH), BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    return `${name} ${bar} ${formatBytes(current)} / ${formatBytes(total)}`;
  }
  return current > 0 ? `${name} ${formatBytes(current)}` : name;
}

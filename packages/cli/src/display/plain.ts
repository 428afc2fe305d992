import type { ProgressEvent, VertexStatusEvent } from '@llb-ts/backend';
import { formatBytes, formatSeconds } from '../terminal/units.ts';
import type { Display } from './display.ts';
import { durationOf } from './intervals.ts';
import { LogLines } from './log-lines.ts';
import { isCompleted, isStarted, type Row, Trace } from './trace.ts';

/** If two steps write at once, the shown one is left at the earliest after this long. */
const ANTI_FLICKER = 5_000;
/** A step that has something to say is not held back longer than this. */
const MAX_DELAY = 10_000;
/** A transfer is shown again when it went on by this part of its total, or after this time. */
const MIN_PROGRESS = 0.05;
const MIN_TIME = 5_000;
/** Lines repeated below when a step fails. */
const KEPT_LINES = 10;
/** Text of a step that may wait for the floor; a step with more is given it. */
const MAX_WAITING = 1024 * 1024;
/** Characters that are kept of a line: no more of it is repeated. */
const LONGEST_LINE = 64 * 1024;
/** Time between two flushes (`util/progress/progressui/display.go`). */
const FLUSH_INTERVAL = 100;

/** The printer's state of a row, beside that of the trace. */
interface PrintState {
  index: number;
  /** Lines not yet printed; the first may have been printed in part. */
  lines: string[];
  /** Characters of `lines[0]` that are out already. */
  printed: number;
  /** Characters of `lines` that are not out yet, roughly. */
  waiting: number;
  readonly log: LogLines;
  readonly lastLines: string[];
  readonly changed: Set<string>;
  readonly statuses: Map<string, VertexStatusEvent>;
  readonly lastShown: Map<string, VertexStatusEvent>;
  warnings: string[];
  /** Events since it became waiting, and since when. */
  count: number;
  waitingSince: number;
}

/**
 * BuildKit's plain form (`util/progress/progressui/printer.go`): one step at a time has the floor, its lines begin with
 * its number, and a step that gives up the floor unfinished says `#1 ...`.
 */
export class PlainDisplay implements Display {
  readonly #trace = new Trace();
  readonly #states = new Map<Row, PrintState>();
  readonly #updated = new Set<Row>();
  /** About the build as a whole. */
  #warnings: string[] = [];
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #current: Row | undefined;
  #nextIndex = 1;
  #isFirst = true;
  /** True if a step has more to say than should wait. */
  #isFull = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
  }

  show(event: ProgressEvent): void {
    this.update(event);
    if (this.#isFull) this.flush();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, FLUSH_INTERVAL);
  }

  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.flush();
  }

  close(): void {
    this.rest();
    for (const row of this.#trace.rows) {
      if (row.error === undefined || row.hidden) continue;
      const { lastLines, lines } = this.#stateOf(row);
      this.#write(['------', ` > ${row.name}:`, ...lastLines, ...lines, '------', ''].join('\n'));
    }
  }

  /** Takes an event in without printing. */
  update(event: ProgressEvent): void {
    const row = this.#trace.update(event);
    if (event.type === 'warning' && !row) this.#warnings.push(event.message);
    if (!row || event.type === 'vertex') return;
    const state = this.#stateOf(row);
    if (state.count === 0) state.waitingSince = this.#now();
    state.count++;
    if (event.type === 'warning') {
      state.warnings.push(event.message);
      return;
    }
    if (event.type === 'status') {
      state.changed.add(event.id);
      // A status without a start is never listed, as in BuildKit.
      if (event.started !== undefined || state.statuses.has(event.id)) state.statuses.set(event.id, event);
    }
    if (event.type === 'log') this.#log(row, state, event.time, event.data);
    this.#updated.add(row);
  }

  #log(row: Row, state: PrintState, time: number, data: Uint8Array): void {
    const { lines } = state;
    const start = row.intervals.at(-1)?.start;
    state.waiting += data.length;
    if (state.waiting > MAX_WAITING) this.#isFull = true;
    state.log.write(
      data,
      (line) => lines.push(`${logTime(start === undefined ? 0 : time - start)} ${line}`),
      (text) => {
        lines.push(`${lines.pop() ?? ''}${text}`);
      },
    );
  }

  #stateOf(row: Row): PrintState {
    let state = this.#states.get(row);
    if (!state) {
      state = {
        index: 0,
        lines: [],
        printed: 0,
        waiting: 0,
        log: new LogLines(),
        lastLines: [],
        changed: new Set(),
        statuses: new Map(),
        lastShown: new Map(),
        warnings: [],
        count: 0,
        waitingSince: this.#now(),
      };
      this.#states.set(row, state);
    }
    return state;
  }

  /** Prints what has something new to say, and gives the floor to one step that is still at work. */
  flush(): void {
    this.#isFull = false;
    for (const warning of this.#warnings) this.#write(`WARN: ${warning}\n`);
    this.#warnings = [];
    const before = this.#current;
    const updated = [...this.#updated].filter((row) => !row.hidden);
    const done = updated.filter(isCompleted).sort((a, b) => endOf(a) - endOf(b));
    const open = new Set(updated.filter((row) => !isCompleted(row)));
    if (before && done.includes(before)) this.#print(before);
    for (const row of done) if (row !== before) this.#print(row);
    if (open.size > 0) {
      if (before && open.has(before)) this.#print(before);
      this.#passFloor(before, done, open);
      return;
    }
    if (before && isStarted(before) && !isCompleted(before)) return;
    for (const row of this.#trace.rows) {
      if (isStarted(row) && !isCompleted(row) && !row.hidden) {
        this.#print(row);
        return;
      }
    }
  }

  #passFloor(before: Row | undefined, done: readonly Row[], open: Set<Row>): void {
    const now = this.#now();
    if (before) open.add(before);
    const rates = [...open].map((row) => {
      const { count, waitingSince, waiting } = this.#stateOf(row);
      const waited = now - waitingSince;
      const isLate = (waited > MAX_DELAY || waiting > MAX_WAITING) && row !== before;
      return { row, waited, speed: count / waited, isLate };
    });
    // Of equals the newest, as it has said as much in less time.
    const fastest = rates.reduce((a, b) => (b.isLate || b.speed >= a.speed ? b : a));
    if (!before || done.includes(before)) {
      this.#print(fastest.row);
      return;
    }
    const late = rates.find((rate) => rate.isLate);
    if (late) {
      this.#print(late.row);
      return;
    }
    const total = rates.reduce((sum, rate) => sum + rate.speed, 0);
    const mine = rates.find((rate) => rate.row === before);
    if (mine && ANTI_FLICKER / (1 - mine.speed / total) < mine.waited) this.#print(fastest.row);
  }

  #print(row: Row): void {
    const state = this.#stateOf(row);
    if (state.index === 0) state.index = this.#nextIndex++;
    if (row !== this.#current) this.#giveFloor(row, state);
    const say = (text: string) => this.#write(`#${state.index} ${text}\n`);

    const isBusy = this.#printStatuses(state, say);
    for (const warning of state.warnings) say(`WARN: ${warning}`);
    state.warnings = [];
    this.#printLines(state);

    this.#updated.delete(row);
    this.#current = row;
    if (!isCompleted(row) || isBusy) return;
    this.#current = undefined;
    state.count = 0;
    if (state.log.isPartial) this.#write('\n');
    if (row.cancelled) say('CANCELED');
    else if (row.error !== undefined) say(`ERROR: ${row.error}`);
    else if (row.cached) say('CACHED');
    else say(`DONE ${formatSeconds(durationOf(row.intervals, this.#now()))}`);
  }

  #giveFloor(row: Row, state: PrintState): void {
    if (this.#current) {
      const old = this.#stateOf(this.#current);
      if (old.log.isPartial) this.#write('\n');
      old.printed = 0;
      old.count = 0;
      this.#write(`#${old.index} ...\n`);
    }
    if (!this.#isFirst) this.#write('\n');
    this.#isFirst = false;
    this.#write(`#${state.index} ${row.name}\n`);
  }

  /** Returns whether a transfer is still going on. */
  #printStatuses(state: PrintState, say: (text: string) => void): boolean {
    let isBusy = false;
    for (const status of state.statuses.values()) {
      if (!state.changed.has(status.id)) continue;
      const last = state.lastShown.get(status.id);
      if (last && status.completed === undefined && !isWorthShowing(status, last)) continue;
      state.lastShown.set(status.id, status);
      if (status.completed === undefined) isBusy = true;
      say(describeStatus(status));
    }
    state.changed.clear();
    return isBusy;
  }

  #printLines(state: PrintState): void {
    state.lines.forEach((line, i) => {
      const isLast = i === state.lines.length - 1;
      const isWhole = !isLast || !state.log.isPartial;
      const text = i === 0 && state.printed > 0 ? line.slice(state.printed) : `#${state.index} ${line}`;
      this.#write(isWhole ? `${text}\n` : text);
      if (isWhole) keep(state.lastLines, line);
    });
    const last = state.log.isPartial ? state.lines.at(-1) : undefined;
    const open = last?.slice(-LONGEST_LINE);
    state.lines = open === undefined ? [] : [open];
    state.printed = open?.length ?? 0;
    state.waiting = 0;
  }
}

function keep(lines: string[], line: string): void {
  lines.push(line.slice(-LONGEST_LINE));
  if (lines.length > KEPT_LINES) lines.shift();
}

function endOf(row: Row): number {
  return row.intervals.at(-1)?.stop ?? 0;
}

function isWorthShowing(status: VertexStatusEvent, last: VertexStatusEvent): boolean {
  const part = status.total > 0 ? (status.current - last.current) / status.total : 0;
  return part >= MIN_PROGRESS || status.time - last.time >= MIN_TIME;
}

function describeStatus(status: VertexStatusEvent): string {
  let text = status.id;
  if (status.total !== 0) text += ` ${formatBytes(status.current)} / ${formatBytes(status.total)}`;
  else if (status.current !== 0) text += ` ${formatBytes(status.current)}`;
  if (status.started !== undefined) {
    const took = (status.completed ?? status.time) - status.started;
    if (took > 10) text += ` ${formatSeconds(took)}`;
  }
  return status.completed === undefined ? text : `${text} done`;
}

/** Seconds since the step began, with as many decimals as fit five characters. */
function logTime(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
}

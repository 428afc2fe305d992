import type { ProgressEvent } from '@llb-ts/backend';
import pc from 'picocolors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Terminal, TtyDisplay } from './tty.ts';

/** A terminal of the few escapes that the display may use; anything else is an error. */
class FakeTerminal implements Terminal {
  readonly lines: string[] = [''];
  isCursorShown = true;
  #row = 0;
  #column = 0;

  constructor(
    readonly columns: number,
    readonly rows: number,
  ) {}

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal reads these
    for (const [token] of text.matchAll(/\x1b\[\?25[lh]|\x1b\[\d*[AKJ]|\x1b|[^\x1b]/gu)) this.#take(token);
  }

  #take(token: string): void {
    const line = this.lines[this.#row] as string;
    if (token === '\x1b') throw new Error('unknown escape');
    if (token === '\x1b[?25l') this.isCursorShown = false;
    else if (token === '\x1b[?25h') this.isCursorShown = true;
    else if (token.endsWith('A') && token.length > 1) this.#row -= Number(token.slice(2, -1));
    else if (token === '\x1b[K') this.lines[this.#row] = line.slice(0, this.#column);
    else if (token === '\x1b[J') this.lines.splice(this.#row, Infinity, line.slice(0, this.#column));
    else if (token === '\r') this.#column = 0;
    else if (token === '\n') {
      this.#row++;
      this.#column = 0;
      if (this.#row === this.lines.length) this.lines.push('');
    } else {
      this.lines[this.#row] =
        line.padEnd(this.#column).slice(0, this.#column) + token + line.slice(this.#column + 1);
      this.#column++;
    }
    if (this.#row < 0) throw new Error('above the screen');
    if (this.#column > this.columns) throw new Error(`line too long: ${this.lines[this.#row]}`);
  }

  get text(): string {
    return this.lines.map((text) => text.trimEnd()).join('\n');
  }
}

const vertex = (digest: string, name: string): ProgressEvent => ({
  type: 'vertex',
  time: 0,
  digest,
  inputs: [],
  name,
});
const started = (digest: string, time: number): ProgressEvent => ({ type: 'started', time, digest });
const completed = (digest: string, time: number, more: object = {}): ProgressEvent => ({
  type: 'completed',
  time,
  digest,
  cached: false,
  ...more,
});
const log = (digest: string, text: string): ProgressEvent => ({
  type: 'log',
  time: 0,
  digest,
  stream: 'stdout',
  data: Buffer.from(text),
});

function open(columns = 50, rows = 12) {
  let now = 1_000;
  const terminal = new FakeTerminal(columns, rows);
  const display = new TtyDisplay(terminal, pc.createColors(false), () => now);
  return {
    terminal,
    display,
    at(time: number, ...events: readonly ProgressEvent[]): string {
      now = time;
      for (const event of events) display.show(event);
      display.draw();
      return terminal.text;
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('terminal progress', () => {
  it('shows what is at work with time, last line and transfers, and folds away what is done', () => {
    const { at, display, terminal } = open();
    at(1_000, vertex('a', 'docker-image://alpine'), vertex('b', 'sh -c make'), vertex('c', 'copy / /'));
    const first = at(3_500, started('a', 1_500), {
      type: 'status',
      time: 3_000,
      digest: 'a',
      id: 'layer',
      name: '',
      current: 500_000,
      total: 1_000_000,
    });
    expect(first).toBe(
      [
        '[+] solving 2.5s  0/3 steps',
        ' => docker-image://alpine                    2.0s',
        '    layer ██████████░░░░░░░░░░ 500.00kB / 1.00MB',
        '',
      ].join('\n'),
    );
    const second = at(
      4_000,
      completed('a', 4_000),
      started('b', 4_000),
      log('b', 'compiling\n\x1b[32mlink'),
      log('b', 'ing\x1b[0m'),
    );
    expect(second).toBe(
      [
        '[+] solving 3.0s  1/3 steps',
        ' => sh -c make                               0.0s',
        '    linking',
        '',
      ].join('\n'),
    );
    at(5_000, completed('b', 5_000), completed('c', 5_000, { cached: true }));
    expect(terminal.text).toBe('[+] solving 4.0s  3/3 steps, 1 cached\n');
    expect(terminal.isCursorShown).toBe(false);
    display.close();
    expect(terminal.text).toBe('');
    expect(terminal.isCursorShown).toBe(true);
  });

  it('leaves the failure standing', () => {
    const { at, display, terminal } = open();
    at(2_000, vertex('a', 'one'), vertex('b', 'two'), started('a', 1_000), started('b', 1_000));
    at(3_000, completed('a', 2_500, { error: 'exit code: 1' }), completed('b', 3_000, { cancelled: true }));
    display.close();
    expect(terminal.text).toBe(' => ERROR one                                1.5s\n');
  });

  it('keeps to the width and height of the screen', () => {
    const { at } = open(30, 6);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const text = at(
      2_000,
      ...names.flatMap((n) => [vertex(n, `${n} ${'long '.repeat(20)}`), started(n, 2_000), log(n, 'x\n')]),
    );
    const lines = text.split('\n');
    expect(lines).toHaveLength(6);
    expect(lines[1]).toBe(' => a long long long lo… 0.0s');
    expect(lines[4]).toBe('    and 3 more');
  });

  it('counts wide characters as two columns', () => {
    const { at } = open(20, 10);
    const text = at(2_000, vertex('a', '漢字漢字漢字漢字漢字'), started('a', 2_000));
    expect(text.split('\n')[1]).toBe(' => 漢字漢字…  0.0s');
  });

  it('puts warnings above, where they stay', () => {
    const { at, display, terminal } = open();
    at(2_000, vertex('a', 'one'), started('a', 1_000), { type: 'warning', time: 0, message: 'mind the gap' });
    display.close();
    expect(terminal.text).toBe('warning: mind the gap\n');
  });

  it('draws by itself while something runs', () => {
    vi.useFakeTimers();
    const { display, terminal } = open();
    display.show(vertex('a', 'one'));
    expect(terminal.text).toBe('');
    vi.advanceTimersByTime(100);
    expect(terminal.text).toContain('0/1 steps');
    display.close();
  });
});

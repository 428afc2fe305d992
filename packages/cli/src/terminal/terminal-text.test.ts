import { SolveFailure } from '@llb-ts/backend';
import { describe, expect, it } from 'vitest';
import { createDisplay } from '../display/choose.ts';
import { FailedSolve, reportOf } from '../report/report.ts';
import { colorsFor } from './colors.ts';
import { plainLine, shownText } from './terminal-text.ts';

/** Clears the screen, sets the title, rings, turns text round, and begins a sequence the 8-bit way. */
const hostile = '\x1b[2J\x1b]0;owned\x07a\x07b\u202ec\u009b31md\x7f';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
const plain = colorsFor({ isTTY: false } as never);

describe('text of others', () => {
  it('reaches a terminal without sequences, and its control characters can be seen', () => {
    expect(shownText(hostile)).toBe('a\\x07b\\u202ec\\x9b31md\\x7f');
    expect(shownText('a\tb\r\nc')).toBe('a\tb\nc');
    expect(shownText('\x1b[31mred\x1b[0m\x1b[2K', { colors: true })).toBe('\x1b[31mred\x1b[0m');
    expect(shownText('cut \x1b[3')).toBe('cut \\x1b[3');
    expect(plainLine('10%\r\x1b[32m20%\x1b[0m\r')).toBe('20%');
  });

  it('is shown so in the summary of a failure, wherever it stands there', () => {
    const failure = new SolveFailure('step', `message ${hostile}`, {
      vertexName: hostile,
      vertex: hostile,
      hint: hostile,
      cause: new Error(hostile),
    });
    const place = { file: hostile, line: 1, character: 3, text: hostile };
    for (const context of [{ place, output: [hostile], logFile: hostile }, {}]) {
      const { text } = reportOf(new FailedSolve(failure, context), plain, true);
      expect(text).not.toMatch(UNSAFE);
      expect(text).toContain('\\u202ec');
    }
  });

  it('is shown so by the displays on a terminal', () => {
    for (const mode of ['plain', 'tty'] as const) {
      let written = '';
      const write = (text: string) => {
        written += text;
      };
      const display = createDisplay(mode, { isTTY: true, write });
      const event = { time: 1, digest: 'a' };
      display.show({ ...event, type: 'vertex', inputs: [], name: hostile });
      display.show({ ...event, type: 'started' });
      display.show({ ...event, type: 'warning', message: hostile });
      display.show({ ...event, type: 'log', stream: 'stdout', data: Buffer.from(`${hostile}\n`) });
      display.show({
        ...event,
        type: 'status',
        id: hostile,
        name: hostile,
        current: 1,
        total: 2,
        started: 1,
      });
      display.show({ ...event, type: 'completed', cached: false, error: hostile });
      display.close();
      expect(written).toContain('\\u202ec');
      expect(written).not.toContain('owned');
      expect(written).not.toContain('\x1b[2J');
      for (const raw of ['\x07', '\u009b', '\u202e']) expect(written).not.toContain(raw);
    }
  });
});

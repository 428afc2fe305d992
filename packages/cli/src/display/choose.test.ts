import { describe, expect, it } from 'vitest';
import { createDisplay, resolveMode } from './choose.ts';

const terminal = { isTTY: true, write: () => {} };
const pipe = { write: () => {} };

describe('the display', () => {
  it('is a live picture on a terminal, plain text elsewhere', () => {
    expect(resolveMode('auto', terminal, {})).toBe('tty');
    expect(resolveMode('auto', pipe, {})).toBe('plain');
    expect(resolveMode('auto', terminal, { CI: 'true' })).toBe('plain');
    expect(resolveMode('auto', terminal, { CI: 'false' })).toBe('tty');
    expect(resolveMode('auto', terminal, { TERM: 'dumb' })).toBe('plain');
    expect(resolveMode('tty', terminal, { CI: 'true' })).toBe('tty');
    expect(() => resolveMode('tty', pipe, {})).toThrow('standard error is not a terminal');
  });

  it('prints nothing when it is to be quiet', () => {
    let out = '';
    const display = createDisplay('quiet', {
      write: (text) => {
        out += text;
      },
    });
    display.show({ type: 'vertex', time: 0, digest: 'a', inputs: [], name: 'one' });
    display.show({ type: 'completed', time: 0, digest: 'a', cached: false, error: 'x' });
    display.close();
    expect(out).toBe('');
  });
});

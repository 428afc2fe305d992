import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Interrupts } from './interrupts.ts';

class Exit extends Error {}

const exit = vi.spyOn(process, 'exit');
let before: readonly NodeJS.SignalsListener[];

// As the real one, it does not return.
beforeEach(() => {
  before = process.listeners('SIGINT');
  exit.mockImplementation((code) => {
    throw new Exit(String(code));
  });
});
afterEach(() => {
  exit.mockReset();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    for (const listener of process.listeners(signal)) {
      if (!before.includes(listener)) process.off(signal, listener);
    }
  }
});

describe('signals', () => {
  it('end the process at once while there is nothing to clean up', () => {
    const interrupts = new Interrupts();
    expect(() => process.emit('SIGTERM', 'SIGTERM')).toThrow(new Exit('143'));
    expect(interrupts.signal.aborted).toBe(false);
  });

  it('ask guarded work to stop; the second one does not wait for it', async () => {
    const interrupts = new Interrupts();
    await interrupts.guard(async () => {
      process.emit('SIGINT', 'SIGINT');
      expect(exit).not.toHaveBeenCalled();
      expect(interrupts.signal.aborted).toBe(true);
      expect(() => process.emit('SIGINT', 'SIGINT')).toThrow(new Exit('130'));
    });
    expect(interrupts.exitCode).toBe(130);
  });
});
